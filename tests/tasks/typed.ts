import { currentJob } from 'thread-system/worker';

export function square(value: number): number {
  return value * value;
}

export async function greet(name: string): Promise<string> {
  return `${currentJob().name} greets ${name}`;
}
