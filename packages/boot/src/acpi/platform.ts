/** What the tables describe: the machine's own numbers, which its composer knows. What is absent is not described. */
import type { InterruptKind, Window } from './aml/index.ts'

/** A device with one interrupt of the ISA kind: edge-triggered, active high. */
export interface IsaDevice {
  /** 0 to 15. */
  readonly irq: number
}

export interface IoApicDescription {
  readonly id: number
  readonly address: number
  /** The global system interrupt of its input 0. */
  readonly gsiBase: number
}

/** An ISA interrupt that is not the global system interrupt of its number, edge-triggered and active high. */
export interface SourceOverride extends InterruptKind {
  readonly irq: number
  readonly gsi: number
}

/** The fixed hardware of ACPI 6.5, 4.8: what the FADT names. */
export interface PowerManagement {
  /** PM1a event block: 4 bytes, status then enable. */
  readonly eventPort: number
  /** PM1a control block: 2 bytes. */
  readonly controlPort: number
  /** PM timer: 4 bytes; it counts 32 bits if `timerBits` says so. */
  readonly timerPort: number
  readonly timerBits: 24 | 32
  /** GPE0 block: status bytes, then as many enable bytes. */
  readonly gpe0?: { readonly port: number; readonly sizeBytes: number }
  /** Where ACPI is switched on and off. Absent: it is always on. */
  readonly smiCommand?: { readonly port: number; readonly enable: number; readonly disable: number }
  /** The interrupt of the SCI at the 8259 pair; its kind and global number stand in `overrides`. */
  readonly sciIrq: number
  /** `SLP_TYP` of S5. */
  readonly s5SleepType: number
  /** A port and the byte that resets the machine. */
  readonly reset?: { readonly port: number; readonly value: number }
}

export interface HpetDescription {
  readonly address: number
  /** Bits 31:0 of the general capabilities: IA-PC HPET 1.0a, 3.2.4 "Event Timer Block ID". */
  readonly blockId: number
  /** In ticks of its counter: below that, a periodic interrupt may get lost. */
  readonly minimumTick?: number
}

/** A host bridge of segment 0 with configuration space in memory. */
export interface PciDescription {
  readonly ecam: { readonly address: number; readonly buses: number }
  /** Ports that its devices may have. */
  readonly io: readonly Window[]
  /** Memory below 4 GiB that its devices may have. */
  readonly memory: readonly Window[]
  /** Memory anywhere that its devices may have. */
  readonly memory64?: readonly Window[]
  /** Global system interrupts of the lines that pins are wired to: level-triggered, active low. */
  readonly gsis: readonly number[]
  /** Interrupts of these lines at the 8259 pair. */
  readonly irqs: readonly number[]
  /** Which line pin 0 (INTA) to 3 of a device of bus 0 is wired to. Default: `(device + pin) % gsis.length`. */
  readonly line?: (device: number, pin: number) => number
}

export interface SerialDescription extends IsaDevice {
  readonly port: number
}

export interface VirtioMmioDescription {
  readonly address: number
  readonly sizeBytes: number
  readonly gsi: number
}

export interface AcpiPlatform {
  /** Ids of the processors' local APICs, the bootstrap processor's first. */
  readonly localApicIds: readonly number[]
  readonly localApicAddress: number
  readonly ioApics: readonly IoApicDescription[]
  readonly overrides: readonly SourceOverride[]
  readonly pm: PowerManagement
  readonly hpet?: HpetDescription
  readonly pci?: PciDescription
  /** COM1 first. */
  readonly serial?: readonly SerialDescription[]
  /** An 8042 with a keyboard, and perhaps a mouse. */
  readonly keyboard?: IsaDevice & { readonly mouseIrq?: number }
  readonly rtc?: IsaDevice
  readonly pit?: IsaDevice
  /** The port of pvpanic. */
  readonly pvpanicPort?: number
  /** The first of 12 ports of fw_cfg. */
  readonly fwCfgPort?: number
  readonly virtioMmio?: readonly VirtioMmioDescription[]
  /** A VGA adapter answers at its legacy ports. Default: no. */
  readonly hasVga?: boolean
}
