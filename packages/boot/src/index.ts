/** Loaders and firmware tables for x86 machines. Import a subpath to carry only one part. */
export * from './acpi/index.ts'
export * from './cpio/index.ts'
export * from './elf/index.ts'
export { BootError, type BootErrorCode } from './errors.ts'
export * from './linux/index.ts'
export * from './load/index.ts'
export * from './multiboot/index.ts'
export * from './pvh/index.ts'
