// A user's own worker entry, as bundlers want to see it.
import 'thread-system/pool-worker';

globalThis.ownEntry = 'was here';
