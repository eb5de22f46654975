/** Guests to run: a lab guest in assembly, and the initramfs of a stock Debian. */
export * from './debian/index.ts'
export * from './lab/index.ts'
