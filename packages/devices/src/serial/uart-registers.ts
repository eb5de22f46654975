/** Registers of a 16550A: National Semiconductor PC16550D datasheet (TL/C/8652), 8 "Registers", table II. */

/** Offsets of the ports; `DATA` and `IER` are the divisor's halves while LCR.DLAB is set. */
export const UART = { DATA: 0, IER: 1, FCR: 2, IIR: 2, LCR: 3, MCR: 4, LSR: 5, MSR: 6, SCR: 7 } as const

/** Interrupt enable (8.7). */
export const IER = { RECEIVED: 0x01, THR_EMPTY: 0x02, LINE_STATUS: 0x04, MODEM_STATUS: 0x08, MASK: 0x0f } as const

/** Interrupt identification (8.6, table IV), without bits 7:6. */
export const IIR = {
  NONE: 0x01,
  MODEM: 0x00,
  THR_EMPTY: 0x02,
  RECEIVED: 0x04,
  TIME_OUT: 0x0c,
  LINE: 0x06,
  /** Bits 7:6: the FIFOs are on. */
  FIFO: 0xc0,
} as const

/** FIFO control (8.5). Bits 1 and 2 clear themselves. */
export const FCR = { ENABLE: 0x01, CLEAR_RECEIVER: 0x02, KEPT: 0xc9, TRIGGER_SHIFT: 6 } as const

/** Line control (8.1). */
export const LCR = { WORD_LENGTH: 0x03, TWO_STOPS: 0x04, PARITY: 0x08, BREAK: 0x40, DLAB: 0x80 } as const

/** Modem control (8.8). */
export const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, LOOP: 0x10, MASK: 0x1f } as const

/** Line status (8.4). */
export const LSR = {
  READY: 0x01,
  OVERRUN: 0x02,
  BREAK: 0x10,
  THR_EMPTY: 0x20,
  EMPTY: 0x40,
  FIFO_ERROR: 0x80,
} as const

/** Modem status (8.9). */
export const MSR = { DELTAS: 0x0f, TERI: 0x04, CTS: 0x10, DSR: 0x20, RI: 0x40, DCD: 0x80, LINES: 0xf0 } as const

export const FIFO_BYTES = 16
/** Characters in the FIFO at which received data interrupts, by FCR bits 7:6. */
export const TRIGGERS = [1, 4, 8, 14] as const
/** What the FIFO waits for further characters, in character times, before it asks to be read nevertheless (8.4.1). */
export const TIME_OUT_CHARACTERS = 4
/** Clocks of the baud generator for each bit (8.2). */
export const CLOCKS_PER_BIT = 16
