function it(): string {
  return 'it';
}
it.named = (): string => 'named';
export = it;
