/** The origin of the request's URL. */
export function getOrigin(request: Request): string {
  return new URL(request.url).origin;
}

/**
 * Whether the `Origin` header equals the origin of the URL. False without the header, and for `null`. Browsers send the
 * header with every POST and upgrade (Fetch standard, "append a request `Origin` header").
 */
export function isSameOrigin(request: Request): boolean {
  return request.headers.get('origin') === getOrigin(request);
}

/** Whether the request has an `Origin` header that is not the origin of the URL. */
export function isCrossOrigin(request: Request): boolean {
  return request.headers.has('origin') && !isSameOrigin(request);
}
