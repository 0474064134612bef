import { expect, test } from '@jest/globals';
import { publicDeclarations } from '../support/public-declarations.ts';

const declarations = publicDeclarations();

test('each declaration and each member that the package exports is documented', () => {
  expect(declarations.length).toBeGreaterThan(1_000);
  expect(declarations.filter(({ documentation }) => documentation === '').map(({ name }) => name)).toEqual([]);
});

test('no documentation refers to an invariant by its number', () => {
  const referring = declarations.filter(({ documentation }) => /\bI\d+\b/.test(documentation));
  expect(referring.map(({ name }) => name)).toEqual([]);
});

test('each option that may be left out says what its default is', () => {
  const options = declarations.filter(({ isOption, documentation }) => isOption && !/\bDefault\b/.test(documentation));
  expect(options.map(({ name }) => name)).toEqual([]);
});
