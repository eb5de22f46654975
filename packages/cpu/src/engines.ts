/** Engines that a processor can run on. */
export const ENGINES = ['reference', 'interpreter'] as const
export type EngineName = (typeof ENGINES)[number]
