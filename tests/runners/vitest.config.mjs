export default {
  test: {
    include: ['vitest/*.test.mjs'],
    testTimeout: 60_000,
    coverage: { include: ['checks.mjs'], reporter: 'text' },
  },
};
