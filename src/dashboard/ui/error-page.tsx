import { renderPage } from './layout.tsx';

export function renderErrorPage(title: string, message: string): ReturnType<typeof renderPage> {
  return renderPage(
    { title, narrow: true },
    <div class="card">
      <h1>{title}</h1>
      <p>{message}</p>
      <p>
        <a href="/dashboard">Go to your rooms</a>
      </p>
    </div>,
  );
}
