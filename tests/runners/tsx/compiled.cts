const text: string = 'it';

export default function it(): string {
  return text;
}
export const named = (): string => 'named';
