/** ACPI tables, and the AML encoder that makes the DSDT: `@ringfold/boot/acpi`. */

export type { InterruptKind, Window } from './aml/index.ts'
export * as aml from './aml/index.ts'
export type {
  AcpiPlatform,
  HpetDescription,
  IoApicDescription,
  IsaDevice,
  PciDescription,
  PowerManagement,
  SerialDescription,
  SourceOverride,
  VirtioMmioDescription,
} from './platform.ts'
export { type AcpiPlacement, type AcpiTables, acpiTables } from './tables.ts'
