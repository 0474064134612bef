// A processor of BullMQ's sandbox.
module.exports = async () => undefined;
