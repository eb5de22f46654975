/** Power management. */
export { ACPI_PM, AcpiPm, type AcpiPmOptions, type AcpiPmState, PM_TIMER_HZ } from './acpi-pm.ts'
