// probe.mjs URL: exit code 0 if it answers 2xx in time, else 1 with why. For health checks of
// containers whose image holds neither curl nor wget.
const waitMsMax = 4_000;
const [url] = process.argv.slice(2);
try {
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(waitMsMax) });
  if (!ok) throw new Error(`status ${status}`);
} catch (error) {
  process.stderr.write(`${url}: ${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}
