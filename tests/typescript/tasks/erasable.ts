interface Fault {
  readonly text: string;
}

export function fail(fault: Fault): never {
  throw new Error(fault.text);
}
