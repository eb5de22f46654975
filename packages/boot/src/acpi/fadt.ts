/** The fixed ACPI description table: ACPI 6.5, 5.2.9. */
import type { AcpiPlatform, PowerManagement } from './platform.ts'
import { ADDRESS_SPACE, type FieldRow, genericAddress, HEADER_BYTES, structure, table } from './table.ts'

const FADT_BYTES = 276
const REVISION = 6
/** `FADT Minor Version`: 6.5. */
const MINOR_REVISION = 5

/** Offsets in the table, header included. */
const FADT = {
  FIRMWARE_CTRL: 36,
  DSDT: 40,
  PREFERRED_PM_PROFILE: 45,
  SCI_INT: 46,
  SMI_CMD: 48,
  ACPI_ENABLE: 52,
  ACPI_DISABLE: 53,
  PM1A_EVT_BLK: 56,
  PM1A_CNT_BLK: 64,
  PM_TMR_BLK: 76,
  GPE0_BLK: 80,
  PM1_EVT_LEN: 88,
  PM1_CNT_LEN: 89,
  PM_TMR_LEN: 91,
  GPE0_BLK_LEN: 92,
  P_LVL2_LAT: 96,
  P_LVL3_LAT: 98,
  CENTURY: 108,
  IAPC_BOOT_ARCH: 109,
  FLAGS: 112,
  RESET_REG: 116,
  RESET_VALUE: 128,
  MINOR_VERSION: 131,
  X_DSDT: 140,
  X_PM1A_EVT_BLK: 148,
  X_PM1A_CNT_BLK: 172,
  X_PM_TMR_BLK: 208,
  X_GPE0_BLK: 220,
} as const

/** Bits of `IAPC_BOOT_ARCH` (5.2.9.3). */
const BOOT_ARCH = { LEGACY_DEVICES: 1, HAS_8042: 2, NO_VGA: 4, NO_CMOS_RTC: 0x20 } as const

/** Bits of `Flags` (5.2.9, "Fixed ACPI Description Table Fixed Feature Flags"). */
const FLAG = {
  WBINVD: 2 ** 0,
  PROC_C1: 2 ** 2,
  /** No fixed sleep button; the fixed power button is there, whose bit is zero. */
  SLP_BUTTON: 2 ** 5,
  FIX_RTC: 2 ** 6,
  TMR_VAL_EXT: 2 ** 8,
  RESET_REG_SUP: 2 ** 10,
} as const

const PROFILE_DESKTOP = 1
/** More than 100 and 1000 microseconds: there is no C2 and no C3. */
const NO_C2 = 0xfff
const NO_C3 = 0xfff
/** Where the RTC keeps the century. */
const CENTURY_INDEX = 0x32

const EVENT_BYTES = 4
const CONTROL_BYTES = 2
const TIMER_BYTES = 4

/** Lengths of registers in accesses that their hardware takes. */
const port = (address: number, sizeBytes: number, accessBytes: number): number[] =>
  genericAddress(ADDRESS_SPACE.IO, { address, widthBits: sizeBytes * 8, accessBytes })

function portRows({ eventPort, controlPort, timerPort, gpe0, smiCommand, sciIrq }: PowerManagement): FieldRow[] {
  return [
    [FADT.SCI_INT, 2, sciIrq],
    [FADT.SMI_CMD, 4, smiCommand?.port ?? 0],
    [FADT.ACPI_ENABLE, 1, smiCommand?.enable ?? 0],
    [FADT.ACPI_DISABLE, 1, smiCommand?.disable ?? 0],
    [FADT.PM1A_EVT_BLK, 4, eventPort],
    [FADT.PM1A_CNT_BLK, 4, controlPort],
    [FADT.PM_TMR_BLK, 4, timerPort],
    [FADT.GPE0_BLK, 4, gpe0?.port ?? 0],
    [FADT.PM1_EVT_LEN, 1, EVENT_BYTES],
    [FADT.PM1_CNT_LEN, 1, CONTROL_BYTES],
    [FADT.PM_TMR_LEN, 1, TIMER_BYTES],
    [FADT.GPE0_BLK_LEN, 1, gpe0?.sizeBytes ?? 0],
  ]
}

/** Generic addresses, in their places; what is absent stays zero. */
function generic({ eventPort, controlPort, timerPort, gpe0, reset }: PowerManagement): [offset: number, number[]][] {
  const rows: [number, number[]][] = [
    [FADT.X_PM1A_EVT_BLK, port(eventPort, EVENT_BYTES, 2)],
    [FADT.X_PM1A_CNT_BLK, port(controlPort, CONTROL_BYTES, 2)],
    [FADT.X_PM_TMR_BLK, port(timerPort, TIMER_BYTES, 4)],
  ]
  if (gpe0) rows.push([FADT.X_GPE0_BLK, port(gpe0.port, gpe0.sizeBytes, 1)])
  if (reset) rows.push([FADT.RESET_REG, port(reset.port, 1, 1)])
  return rows
}

function bootArchitecture({ keyboard, rtc, hasVga = false }: AcpiPlatform): number {
  return (
    BOOT_ARCH.LEGACY_DEVICES |
    (keyboard ? BOOT_ARCH.HAS_8042 : 0) |
    (hasVga ? 0 : BOOT_ARCH.NO_VGA) |
    (rtc ? 0 : BOOT_ARCH.NO_CMOS_RTC)
  )
}

function flags({ timerBits, reset }: PowerManagement): number {
  const always = FLAG.WBINVD | FLAG.PROC_C1 | FLAG.SLP_BUTTON | FLAG.FIX_RTC
  return always | (timerBits === 32 ? FLAG.TMR_VAL_EXT : 0) | (reset ? FLAG.RESET_REG_SUP : 0)
}

/** The FADT, with the places of the two tables that it alone names. */
export function fadt(platform: AcpiPlatform, dsdtAddress: number, facsAddress: number): Uint8Array {
  const { pm } = platform
  const bytes = structure(FADT_BYTES, [
    [FADT.FIRMWARE_CTRL, 4, facsAddress],
    [FADT.DSDT, 4, dsdtAddress],
    [FADT.X_DSDT, 8, dsdtAddress],
    [FADT.PREFERRED_PM_PROFILE, 1, PROFILE_DESKTOP],
    ...portRows(pm),
    [FADT.P_LVL2_LAT, 2, NO_C2],
    [FADT.P_LVL3_LAT, 2, NO_C3],
    [FADT.CENTURY, 1, platform.rtc ? CENTURY_INDEX : 0],
    [FADT.IAPC_BOOT_ARCH, 2, bootArchitecture(platform)],
    [FADT.FLAGS, 4, flags(pm)],
    [FADT.RESET_VALUE, 1, pm.reset?.value ?? 0],
    [FADT.MINOR_VERSION, 1, MINOR_REVISION],
  ])
  for (const [offset, address] of generic(pm)) bytes.set(address, offset)
  return table('FACP', REVISION, bytes.subarray(HEADER_BYTES))
}
