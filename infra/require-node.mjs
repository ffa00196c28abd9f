// Stops every script on a Node without type stripping and node:sqlite, and names the remedy.
// Plain JavaScript, since it must run on the very versions that it refuses.
const nodeMajorMin = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < nodeMajorMin) {
  process.stderr.write(
    `s3batch needs Node ${nodeMajorMin} or newer and runs on ${process.version}.\n` +
      'npm ci brings one along; if its install script was blocked, run:\n' +
      '  npm rebuild node --ignore-scripts=false\n' +
      `or put a Node >= ${nodeMajorMin} first on the PATH.\n`,
  );
  process.exit(1);
}
