import { showRoomContent } from './room/show-content.ts';

showRoomContent();
