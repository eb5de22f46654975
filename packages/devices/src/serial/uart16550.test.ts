import { fuzzIo, ManualTimeline } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { RecordedLine } from '../../tests/recorded-line.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { Uart16550A } from './index.ts'
import { FCR, IER, IIR, LCR, LSR, MCR, MSR, UART } from './uart-registers.ts'

const STEPS = 20_000 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
/** 10 bits at 115200 baud. */
const CHARACTER_NS = 86_806
const NO_FIFO_CAUSE = IIR.FIFO | IIR.NONE
const text = (value: string) => new TextEncoder().encode(value)

function serialLine(options: { backlogBytes?: number; clockHz?: number } = {}) {
  const timeline = new ManualTimeline()
  const irq = new RecordedLine()
  const sent: number[] = []
  const breaks: boolean[] = []
  const uart = new Uart16550A({
    timeline,
    irq,
    transmit: (bytes) => sent.push(...bytes),
    setBreak: (level) => breaks.push(level),
    ...options,
  })
  const read = (offset: number) => uart.ports.read(offset, 1)
  const write = (offset: number, value: number) => uart.ports.write(offset, 1, value)
  const readAll = () => {
    let found = ''
    while ((read(UART.LSR) & LSR.READY) !== 0) found += String.fromCharCode(read(UART.DATA))
    return found
  }
  return { timeline, irq, sent, breaks, uart, read, write, readAll }
}

/** 115200 baud, 8N1, FIFOs on with a trigger level of 8, OUT2 on: as Linux sets a console up. */
function openLine(options: { backlogBytes?: number } = {}) {
  const line = serialLine(options)
  const { write } = line
  write(UART.LCR, 0x80)
  write(UART.DATA, 1)
  write(UART.IER, 0)
  write(UART.LCR, 0x03)
  write(UART.FCR, FCR.ENABLE | 0x80)
  write(UART.MCR, MCR.DTR | MCR.RTS | MCR.OUT2)
  return line
}

describe('what Linux looks at to find a 16550A', () => {
  it('has four bits of IER', () => {
    const { read, write } = serialLine()
    write(UART.IER, 0xff)
    expect(read(UART.IER)).toBe(0x0f)
    write(UART.IER, 0)
    expect(read(UART.IER)).toBe(0)
  })

  it('brings modem outputs back as inputs in loopback', () => {
    const { read, write } = serialLine()
    const seen = [MCR.DTR, MCR.RTS, MCR.OUT1, MCR.OUT2, MCR.RTS | MCR.OUT2].map((lines) => {
      write(UART.MCR, MCR.LOOP | lines)
      return read(UART.MSR) & MSR.LINES
    })
    expect(seen).toEqual([MSR.DSR, MSR.CTS, MSR.RI, MSR.DCD, 0x90])
    write(UART.MCR, 0)
    expect(read(UART.MSR) & MSR.LINES).toBe(MSR.CTS | MSR.DSR | MSR.DCD)
  })

  it('tells FIFOs of 16, and neither a 16650 nor a 16750', () => {
    const { read, write, sent } = serialLine()
    expect(read(UART.IIR)).toBe(IIR.NONE)
    write(UART.FCR, FCR.ENABLE)
    expect(read(UART.IIR) >>> 6).toBe(3)
    write(UART.LCR, 0x80)
    write(UART.FCR, 0xa8)
    expect(read(UART.IIR)).not.toBe(0xa8)
    write(UART.FCR, FCR.ENABLE | 0x20)
    expect(read(UART.IIR) >>> 5).toBe(6)
    write(UART.LCR, 0x03)
    write(UART.MCR, MCR.LOOP)
    write(UART.FCR, FCR.ENABLE | FCR.CLEAR_RECEIVER)
    for (let n = 0; n < 256; n++) write(UART.DATA, n)
    const looped: number[] = []
    while ((read(UART.LSR) & LSR.READY) !== 0) looped.push(read(UART.DATA))
    expect(looped).toEqual(Array.from({ length: 16 }, (_, n) => n))
    expect(sent).toEqual([])
  })

  it('asserts the interrupt of the empty transmitter each time that it is enabled', () => {
    const { read, write, irq } = openLine()
    for (let n = 0; n < 3; n++) {
      write(UART.IER, IER.THR_EMPTY)
      expect(irq.level).toBe(true)
      expect(read(UART.LSR) & LSR.EMPTY).toBe(LSR.EMPTY)
      expect(read(UART.IIR)).toBe(IIR.FIFO | IIR.THR_EMPTY)
      expect(read(UART.IIR)).toBe(NO_FIFO_CAUSE)
      expect(irq.level).toBe(false)
      write(UART.IER, 0)
    }
  })

  it('keeps divisor and scratch register', () => {
    const { read, write, uart } = serialLine()
    write(UART.LCR, LCR.DLAB)
    write(UART.DATA, 0x34)
    write(UART.IER, 0x12)
    write(UART.SCR, 0x5a)
    uart.reset()
    write(UART.LCR, LCR.DLAB)
    expect([read(UART.DATA), read(UART.IER), read(UART.SCR)]).toEqual([0x34, 0x12, 0x5a])
  })
})

describe('sending', () => {
  it('lets bytes leave at once, and never lets who polls wait', () => {
    const { read, write, sent, timeline } = openLine()
    for (const byte of text('hello')) {
      expect(read(UART.LSR) & (LSR.THR_EMPTY | LSR.EMPTY)).toBe(LSR.THR_EMPTY | LSR.EMPTY)
      write(UART.DATA, byte)
    }
    expect(String.fromCharCode(...sent)).toBe('hello')
    expect(timeline.nextNs).toBe(Number.POSITIVE_INFINITY)
  })

  it('interrupts once for each burst, a character later', () => {
    const { read, write, irq, timeline } = openLine()
    write(UART.IER, IER.THR_EMPTY)
    expect(read(UART.IIR) & 0x0f).toBe(IIR.THR_EMPTY)
    for (let n = 0; n < 16; n++) write(UART.DATA, n)
    expect(irq).toMatchObject({ level: false, edges: 1 })
    timeline.advance(CHARACTER_NS - 1)
    expect(irq.level).toBe(false)
    timeline.advance(1)
    expect(irq).toMatchObject({ level: true, edges: 2 })
    expect(read(UART.IIR) & 0x0f).toBe(IIR.THR_EMPTY)
    timeline.advance(10 * CHARACTER_NS)
    expect(irq).toMatchObject({ level: false, edges: 2 })
  })

  it('lets a handler that looks at IIR send everything, and leaves no edge behind', () => {
    const { read, write, irq, sent, timeline } = openLine()
    write(UART.IER, IER.THR_EMPTY)
    for (let left = 1000; left > 0; ) {
      expect(read(UART.IIR) & 0x0f).toBe(IIR.THR_EMPTY)
      for (let n = 0; n < 16 && left > 0; n++, left--) write(UART.DATA, 0x2e)
    }
    write(UART.IER, 0)
    expect(read(UART.IIR)).toBe(NO_FIFO_CAUSE)
    timeline.advance(10 * CHARACTER_NS)
    expect(irq).toMatchObject({ level: false, edges: 1 })
    expect(sent).toHaveLength(1000)
  })

  it('ends a handler that is given ever more to send, and goes on a character later', () => {
    const { read, write, irq, timeline } = openLine()
    write(UART.IER, IER.THR_EMPTY)
    let passes = 0
    for (; (read(UART.IIR) & IIR.NONE) === 0; passes++) for (let n = 0; n < 16; n++) write(UART.DATA, 0x2e)
    expect(passes).toBe(256)
    expect(irq.level).toBe(false)
    timeline.advance(CHARACTER_NS)
    expect(irq).toMatchObject({ level: true, edges: 2 })
    expect(read(UART.IIR) & 0x0f).toBe(IIR.THR_EMPTY)
  })

  it('takes the interrupt back when a byte is written instead of IIR read', () => {
    const { write, irq } = openLine()
    write(UART.IER, IER.THR_EMPTY)
    write(UART.DATA, 1)
    expect(irq.level).toBe(false)
  })

  it('tells breaks', () => {
    const { write, breaks } = openLine()
    write(UART.LCR, 0x03 | LCR.BREAK)
    write(UART.LCR, 0x03 | LCR.BREAK)
    write(UART.LCR, 0x03)
    expect(breaks).toEqual([true, false])
  })

  it('keeps its interrupt from the wire without OUT2, and in loopback', () => {
    const { write, irq } = openLine()
    write(UART.MCR, MCR.RTS)
    write(UART.IER, IER.THR_EMPTY)
    expect(irq.level).toBe(false)
    write(UART.MCR, MCR.OUT2)
    expect(irq.level).toBe(true)
    write(UART.MCR, MCR.OUT2 | MCR.LOOP)
    expect(irq.level).toBe(false)
  })
})

describe('receiving', () => {
  it('interrupts at the trigger level', () => {
    const { read, write, irq, uart, timeline, readAll } = openLine()
    write(UART.IER, IER.RECEIVED)
    uart.receive(text('1'))
    uart.receive(text('2345678'))
    expect(irq.level).toBe(false)
    timeline.advance(CHARACTER_NS)
    expect(irq.level).toBe(true)
    expect(readAll()).toBe('12345678')
    expect(irq.level).toBe(false)
    expect(read(UART.IIR)).toBe(NO_FIFO_CAUSE)
  })

  it.each([
    [0x00, 1],
    [0x40, 4],
    [0x80, 8],
    [0xc0, 14],
  ])('has trigger level of FCR %i at %i characters', (bits, level) => {
    const { read, write, uart } = openLine()
    write(UART.FCR, FCR.ENABLE | bits)
    write(UART.IER, IER.RECEIVED)
    uart.receive(new Uint8Array(level))
    expect(read(UART.IIR) & 0x0f).toBe(IIR.RECEIVED)
    read(UART.DATA)
    expect(read(UART.IIR)).toBe(NO_FIFO_CAUSE)
  })

  it('interrupts after four characters of silence for less', () => {
    const { read, write, irq, uart, timeline, readAll } = openLine()
    write(UART.IER, IER.RECEIVED)
    uart.receive(text('ab'))
    timeline.advance(4 * CHARACTER_NS - 1)
    expect(irq.level).toBe(false)
    timeline.advance(1)
    expect(irq.level).toBe(true)
    expect(read(UART.IIR) & 0x0f).toBe(IIR.TIME_OUT)
    // Reading begins the time-out anew: another edge, for who reads one character in each interrupt.
    expect(read(UART.DATA)).toBe(0x61)
    expect(irq.level).toBe(false)
    timeline.advance(4 * CHARACTER_NS)
    expect(irq).toMatchObject({ level: true, edges: 2 })
    expect(readAll()).toBe('b')
    timeline.advance(100 * CHARACTER_NS)
    expect(irq).toMatchObject({ level: false, edges: 2 })
  })

  it('holds back what the FIFO has no room for, and brings it at the baud rate', () => {
    const { uart, timeline, read, readAll } = openLine()
    uart.receive(text('0123456789abcdefghijklmnopqrstuvwxyz'))
    expect(uart.backlogBytes).toBe(20)
    timeline.advance(100 * CHARACTER_NS)
    expect(uart.backlogBytes).toBe(20)
    expect(readAll()).toBe('0123456789abcdef')
    timeline.advance(CHARACTER_NS)
    expect(readAll()).toBe('ghijklmnopqrstuv')
    timeline.advance(15 * CHARACTER_NS)
    expect(readAll()).toBe('')
    timeline.advance(CHARACTER_NS)
    expect(readAll()).toBe('wxyz')
    expect(read(UART.LSR) & LSR.OVERRUN).toBe(0)
  })

  it.each([
    ['a faster line: 5 bits, 460800 baud', 0x00, 1, 7_372_800, 15_191],
    ['a slower line: 9600 baud', 0x03, 12, 1_843_200, CHARACTER_NS],
    ['two stop bits and parity, 230400 baud', 0x0f, 1, 3_686_400, 52_084],
    ['one and a half stop bits', 0x04, 1, 3_686_400, 32_553],
    ['no divisor', 0x03, 0, 3_686_400, 43_403],
  ])('takes its time on %s', (_, lcr, divisor, clockHz, characterNs) => {
    const { write, read, uart, timeline } = serialLine({ clockHz })
    write(UART.LCR, LCR.DLAB)
    write(UART.DATA, divisor)
    write(UART.IER, 0)
    write(UART.LCR, lcr)
    uart.receive(text('ab'))
    read(UART.DATA)
    timeline.advance(characterNs - 1)
    expect(read(UART.LSR) & LSR.READY).toBe(0)
    timeline.advance(1)
    expect(read(UART.LSR) & LSR.READY).toBe(LSR.READY)
  })

  it('gives an edge for each character without FIFOs', () => {
    const { uart, timeline, write, read, irq } = openLine()
    write(UART.FCR, 0)
    write(UART.IER, IER.RECEIVED)
    uart.receive(text('abc'))
    let found = ''
    for (let edges = 1; edges <= 3; edges++) {
      expect(irq).toMatchObject({ level: true, edges })
      expect(read(UART.IIR)).toBe(IIR.RECEIVED)
      found += String.fromCharCode(read(UART.DATA))
      expect(irq.level).toBe(false)
      timeline.advance(CHARACTER_NS)
    }
    expect(found).toBe('abc')
  })

  it('drops what no guest may make wait for ever', () => {
    const { uart } = openLine({ backlogBytes: 100 })
    for (let n = 0; n < 50; n++) uart.receive(new Uint8Array(7))
    expect(uart.backlogBytes).toBe(100)
  })

  it('cuts the line off in loopback, and loses nothing of it', () => {
    const { uart, write, read, readAll } = openLine()
    write(UART.MCR, MCR.LOOP)
    uart.receive(text('outside'))
    write(UART.DATA, 0x2a)
    expect(readAll()).toBe('*')
    expect(read(UART.DATA)).toBe(0)
    write(UART.MCR, MCR.OUT2)
    expect(readAll()).toBe('outside')
  })

  it('empties the FIFO on demand, and when FIFOs are switched', () => {
    const { uart, write, readAll, timeline } = openLine()
    uart.receive(text('lost'))
    write(UART.FCR, FCR.CLEAR_RECEIVER)
    expect(readAll()).toBe('')
    write(UART.FCR, FCR.ENABLE)
    timeline.advance(10 * CHARACTER_NS)
    uart.receive(text('too'))
    write(UART.FCR, FCR.ENABLE | FCR.CLEAR_RECEIVER)
    expect(readAll()).toBe('')
  })
})

describe('errors and modem lines', () => {
  it('overruns in loopback: the FIFO stays, the last character is lost', () => {
    const { write, read, irq } = openLine()
    write(UART.MCR, MCR.LOOP | MCR.OUT2)
    write(UART.IER, IER.LINE_STATUS | IER.RECEIVED)
    for (let n = 0; n < 17; n++) write(UART.DATA, n)
    expect(irq.level).toBe(false)
    expect(read(UART.IIR) & 0x0f).toBe(IIR.LINE)
    expect(read(UART.LSR) & LSR.OVERRUN).toBe(LSR.OVERRUN)
    expect(read(UART.IIR) & 0x0f).toBe(IIR.RECEIVED)
    expect(read(UART.LSR) & LSR.OVERRUN).toBe(0)
    write(UART.FCR, 0)
    write(UART.DATA, 1)
    write(UART.DATA, 2)
    expect(read(UART.LSR) & (LSR.OVERRUN | LSR.READY)).toBe(LSR.OVERRUN | LSR.READY)
    expect(read(UART.DATA)).toBe(2)
  })

  it('tells a break with its character, when that is the oldest', () => {
    const { uart, write, read, timeline } = openLine()
    write(UART.IER, IER.LINE_STATUS)
    uart.receive(text('a'))
    uart.receiveBreak()
    uart.receive(text('b'))
    timeline.advance(CHARACTER_NS)
    const status = () => read(UART.LSR) & (LSR.READY | LSR.BREAK | LSR.FIFO_ERROR)
    expect(read(UART.IIR)).toBe(NO_FIFO_CAUSE)
    expect(status()).toBe(LSR.READY | LSR.FIFO_ERROR)
    expect(read(UART.DATA)).toBe(0x61)
    expect(read(UART.IIR) & 0x0f).toBe(IIR.LINE)
    expect(status()).toBe(LSR.READY | LSR.BREAK | LSR.FIFO_ERROR)
    expect(read(UART.IIR)).toBe(NO_FIFO_CAUSE)
    expect(status()).toBe(LSR.READY)
    expect([read(UART.DATA), read(UART.DATA)]).toEqual([0, 0x62])
  })

  it('loops a break back', () => {
    const { write, read, breaks } = openLine()
    write(UART.MCR, MCR.LOOP)
    write(UART.LCR, 0x03 | LCR.BREAK)
    expect(read(UART.LSR) & (LSR.BREAK | LSR.FIFO_ERROR)).toBe(LSR.BREAK | LSR.FIFO_ERROR)
    expect(read(UART.DATA)).toBe(0)
    expect(breaks).toEqual([])
  })

  it('tells changes of modem lines once, of the ring indicator only the end', () => {
    const { uart, write, read, irq } = openLine()
    read(UART.MSR)
    write(UART.IER, IER.MODEM_STATUS)
    uart.setModemLines({ ri: true })
    expect(irq.level).toBe(false)
    uart.setModemLines({ ri: false, dcd: false })
    expect(irq.level).toBe(true)
    expect(read(UART.IIR) & 0x0f).toBe(IIR.MODEM)
    expect(read(UART.MSR)).toBe(MSR.CTS | MSR.DSR | MSR.TERI | 0x08)
    expect(irq.level).toBe(false)
    expect(read(UART.MSR)).toBe(MSR.CTS | MSR.DSR)
  })

  it('ranks its causes: line, data, transmitter, modem', () => {
    const { uart, write, read, timeline } = openLine()
    uart.setModemLines({ cts: false })
    write(UART.IER, 0x0f)
    uart.receiveBreak()
    timeline.advance(5 * CHARACTER_NS)
    const cause = () => read(UART.IIR) & 0x0f
    const causes = [cause()]
    read(UART.LSR)
    causes.push(cause())
    read(UART.DATA)
    causes.push(cause(), cause())
    read(UART.MSR)
    expect([...causes, cause()]).toEqual([IIR.LINE, IIR.TIME_OUT, IIR.THR_EMPTY, IIR.MODEM, IIR.NONE])
  })

  it('is made with numbers above 0', () => {
    const parts = { timeline: new ManualTimeline(), irq: new RecordedLine(), transmit: () => undefined }
    for (const options of [{ clockHz: 0 }, { backlogBytes: 0 }, { backlogBytes: 1.5 }])
      expect(() => new Uart16550A({ ...parts, ...options })).toThrow(expect.objectContaining({ code: 'device.option' }))
  })
})

type Line = ReturnType<typeof openLine>

/** Traffic from both sides. */
function work({ uart, timeline }: Line, random: () => number, steps: number): void {
  fuzzIo(uart.ports, 8, {
    random,
    steps,
    after: () => {
      const kind = random() % 8
      if (kind === 0) uart.receive(new Uint8Array(random() % 40).map(() => random()))
      if (kind === 1) timeline.advance(random() % 2_000_000)
      if (kind === 2 && random() % 4 === 0) uart.receiveBreak()
      if (kind === 3) uart.setModemLines({ cts: random() % 2 === 0, ri: random() % 2 === 0 })
    },
  })
}

describe(`random traffic, seed ${seed}`, () => {
  it('is answered, with a bounded backlog', () => {
    const line = openLine({ backlogBytes: 1000 })
    work(line, seededRandom(seed), STEPS)
    expect(line.uart.backlogBytes).toBeLessThanOrEqual(1000)
    expect(line.sent.length).toBeGreaterThan(0)
    expect(line.irq.edges).toBeGreaterThan(0)
  })

  it('goes on the same after a restore', () => {
    const one = openLine({ backlogBytes: 1000 })
    work(one, seededRandom(seed), STEPS)
    const two = openLine({ backlogBytes: 1000 })
    two.timeline.advanceTo(one.timeline.nowNs)
    two.uart.restore(structuredClone(one.uart.state()))
    two.irq.level = one.irq.level
    expect(two.uart.state()).toEqual(one.uart.state())
    for (const line of [one, two]) {
      line.sent.length = line.irq.edges = 0
      work(line, seededRandom(seed + 1), STEPS)
    }
    expect(two.uart.state()).toEqual(one.uart.state())
    expect(two.sent).toEqual(one.sent)
    expect(two.irq).toEqual(one.irq)
  })
})
