// An address that cannot be listened on, in a sentence that names the settings and the remedy.

export function listenProblem(
  error: unknown,
  host: string,
  setting: { readonly name: string; readonly port: number },
): string | null {
  if (!isAddressProblem(error)) return null;
  return (
    `S3BATCH_HOST=${host} ${setting.name}=${setting.port}: cannot listen there (${error.code}); ` +
    'stop what uses it, or choose another.'
  );
}

function isAddressProblem(error: unknown): error is Error & { readonly code: string } {
  const codes = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'];
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}
