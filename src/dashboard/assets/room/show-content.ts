export function showRoomContent(): void {}
