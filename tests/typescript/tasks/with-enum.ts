interface Fault {
  readonly text: string;
}

// biome-ignore lint/style/noEnum: syntax that Node.js does not strip
enum Kind {
  SMALL,
}

export function fail(fault: Fault): never {
  throw new Error(fault.text + Kind.SMALL);
}
