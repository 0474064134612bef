// biome-ignore lint/style/noEnum: that type stripping refuses it is what this fixture is for
export enum Factor {
  Three = 3,
}
