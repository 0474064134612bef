/**
 * Does something, and prints under a name whether that went well and how long it took; else what a program that it has run has
 * printed. Resolves with whether it went well.
 */
export async function attempt(name, action) {
  const begunAt = Date.now();
  try {
    await action();
    console.log(`ok     ${name}, ${((Date.now() - begunAt) / 1000).toFixed(1)} s`);
    return true;
  } catch (error) {
    console.log(`FAILED ${name}\n${error.message}\n${error.stdout ?? ''}\n${error.stderr ?? ''}`);
    return false;
  }
}
