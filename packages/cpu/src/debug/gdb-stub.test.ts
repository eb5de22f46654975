import { CR0, FIELD, readRflags, SEGMENT } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { ScriptedTarget } from '../../tests/scripted-target.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { GdbStub, type GdbStubOptions } from './gdb-stub.ts'
import { encodePacket, PacketReader } from './rsp/framing.ts'
import { bytesOfText, hexOfText, textOfBytes } from './rsp/hex.ts'

/** A debugger's side: what was sent comes as payloads, acknowledgements as `+` and `-`. */
class Session {
  readonly sent: string[] = []
  readonly stub: GdbStub
  readonly target: ScriptedTarget
  #raw = ''

  constructor(target = new ScriptedTarget(), options: Partial<GdbStubOptions> = {}) {
    this.target = target
    const reader = new PacketReader(1 << 20)
    const onSend = (bytes: Uint8Array): void => {
      this.#raw += textOfBytes(bytes)
      for (const event of reader.push(bytes)) {
        if (event.kind === 'packet') this.sent.push(event.payload)
        else this.sent.push(event.kind === 'ack' ? '+' : event.kind === 'nak' ? '-' : `(${event.kind})`)
      }
    }
    this.stub = new GdbStub(target, { onSend, ...options })
    this.say('QStartNoAckMode')
    this.sent.length = 0
  }

  /** Everything that went over the line. */
  get raw(): string {
    return this.#raw
  }

  say(payload: string): string[] {
    this.stub.receive(encodePacket(payload))
    return this.sent.splice(0)
  }

  /** The one reply. */
  ask(payload: string): string {
    const replies = this.say(payload)
    expect(replies, payload).toHaveLength(1)
    return replies[0] as string
  }

  /** Output of a monitor command. */
  monitor(command: string): string {
    const replies = this.say(`qRcmd,${hexOfText(command)}`)
    expect(replies.at(-1)).toBe('OK')
    const hex = replies.slice(0, -1).map((reply) => reply.slice(1))
    return textOfBytes(Uint8Array.from(hex.join('').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))
  }
}

/** A dialogue: `> packet` is sent, `< payload` must come back; `run` lets the machine run a slice. */
function replay(session: Session, dialogue: string): void {
  for (const each of dialogue.trim().split('\n')) {
    const line = each.trim()
    if (line === 'run') session.stub.run(100)
    else if (line === 'interrupt') session.stub.receive(Uint8Array.of(3))
    else if (line.startsWith('>')) session.stub.receive(encodePacket(line.slice(2)))
    else expect(session.sent.shift(), line).toBe(line.slice(2))
  }
  expect(session.sent).toEqual([])
}

describe('connection', () => {
  it('greets gdb 13', () => {
    const session = new Session(new ScriptedTarget(2))
    replay(
      session,
      `
      > qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+;fork-events+;vfork-events+;exec-events+;vContSupported+;QThreadEvents+;no-resumed+;memory-tagging+;xmlRegisters=i386
      < PacketSize=5000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;vContSupported+;swbreak+;hwbreak+
      > vMustReplyEmpty
      <
      > Hg0
      < OK
      > qTStatus
      <
      > ?
      < T05thread:1;
      > qfThreadInfo
      < m1,2
      > qsThreadInfo
      < l
      > qAttached
      < 1
      > Hc-1
      < OK
      > qOffsets
      < Text=0;Data=0;Bss=0
      > qC
      < QC1
      > vCont?
      < vCont;c;C;s;S;t;r
      > qSymbol::
      < OK`,
    )
  })

  it('acknowledges until told not to, sends again when asked, and refuses wrong checksums', () => {
    const sent: string[] = []
    const stub = new GdbStub(new ScriptedTarget(), { onSend: (bytes) => sent.push(textOfBytes(bytes)) })
    stub.receive(bytesOfText('$qC#b4'))
    stub.receive(bytesOfText('-'))
    stub.receive(bytesOfText('$qC#b5'))
    stub.receive(bytesOfText('+$QStartNoAckMode#b0'))
    stub.receive(bytesOfText('+$qC#b4'))
    expect(sent).toEqual(['+', '$QC1#c5', '$QC1#c5', '-', '+', '$OK#9a', '$QC1#c5'])
  })

  it('detaches, dies, and loses its connection without leaving breakpoints', () => {
    for (const [packet, event] of [
      ['D', 'detach'],
      ['D;1', 'detach'],
      ['vKill;1', 'kill'],
      ['k', 'kill'],
    ] as const) {
      const events: string[] = []
      const options = { onDetach: () => events.push('detach'), onKill: () => events.push('kill') }
      const session = new Session(new ScriptedTarget(), options)
      session.ask('Z0,1000,1')
      session.say(packet)
      expect([events, session.target.points]).toEqual([[event], []])
    }
    const session = new Session()
    session.ask('Z2,1000,8')
    session.stub.disconnect()
    expect(session.target.points).toEqual([])
  })
})

describe('registers', () => {
  it('describes them, and gives g in that order', () => {
    const session = new Session()
    let xml = ''
    for (let part = 'm'; part.startsWith('m'); ) {
      part = session.ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},3ff`)
      xml += part.slice(1)
    }
    expect(xml).toContain('<architecture>i386:x86-64</architecture>')
    const registers = [...xml.matchAll(/<reg name="(\w+)" bitsize="(\d+)" type="\w+" regnum="(\d+)"/g)]
    expect(registers.slice(0, 4).map((r) => r[1])).toEqual(['rax', 'rbx', 'rcx', 'rdx'])
    expect(registers.map((r) => Number(r[3])).sort((a, b) => a - b)).toEqual(registers.map((_, n) => n))
    const names = registers.map((r) => r[1])
    for (const name of ['st7', 'fop', 'xmm15', 'mxcsr', 'fs_base', 'k_gs_base', 'cr0', 'cr8', 'efer', 'dr7'])
      expect(names).toContain(name)
    const bits = registers.reduce((sum, r) => sum + Number(r[2]), 0)
    expect(session.ask('g')).toHaveLength(bits / 4)
    expect(session.ask('qXfer:features:read:other.xml:0,100')).toBe('E00')
  })

  it('shows the state after reset, rip as a linear address', () => {
    const session = new Session()
    expect(session.ask('p10')).toBe('f0ffffff00000000')
    expect(session.ask('p11')).toBe('02000000')
    expect(session.ask('p12')).toBe('00f00000')
    expect(session.monitor('pc offset')).toContain('offset')
    expect(session.ask('p10')).toBe('f0ff000000000000')
  })

  it('writes each, and tells the processor', () => {
    const session = new Session()
    const state = session.target.state(0)
    expect(session.ask('P0=efcdab8967452301')).toBe('OK')
    expect(state.read('rax')).toBe(0x0123456789abcdefn)
    // Linear F0000H + 1234H: the base of CS is taken off.
    expect(session.ask('P10=34120f0000000000')).toBe('OK')
    expect(state.read('rip')).toBe(BigInt.asUintN(32, 0xf1234n - 0xffff0000n))
    expect(session.ask('P11=ffffffff')).toBe('OK')
    expect(readRflags(state)).toBe(0x3f7fd7)
    expect(session.ask('P18=ffffffffffffffffff3f')).toBe('OK')
    expect(state.read('fpr', 0)).toBe(0x3fffffffffffffffffffn)
    expect(session.target.written).toEqual([0, 0, 0, 0])
  })

  it('turns G into writes of what changes', () => {
    const session = new Session()
    const before = session.ask('g')
    expect(session.ask(`G0100000000000000${before.slice(16)}`)).toBe('OK')
    expect(session.target.state(0).read('rax')).toBe(1n)
    expect(session.ask('g').slice(16)).toBe(before.slice(16))
    // It may end early.
    expect(session.ask('G0200000000000000')).toBe('OK')
    expect(session.ask('G02')).toBe('E01')
  })

  it('refuses what a register cannot hold', () => {
    const session = new Session()
    const numberOf = (name: string): string => {
      const xml = ['0', '2000', '4000'].map((at) => session.ask(`qXfer:features:read:target.xml:${at},2000`).slice(1))
      const found = new RegExp(`name="${name}"[^>]* regnum="(\\d+)"`).exec(xml.join(''))
      return Number(found?.[1]).toString(16)
    }
    for (const [name, hex] of [
      ['mxcsr', '00000100'],
      ['fs_base', '0000000000000080'],
      ['cr0', '1100006000000000'],
      ['efer', '0001000000000000'],
      ['cr8', '1000000000000000'],
      ['rax', '00'],
    ] as const)
      expect(session.ask(`P${numberOf(name)}=${hex}`), name).toBe('E01')
    expect(session.ask('Pfff=00')).toBe('E01')
    expect(session.ask('pfff')).toBe('E16')
    expect(session.target.written).toEqual([])
  })

  it('gives empty, valid, zero and special registers of the x87 their tags', () => {
    const session = new Session()
    const state = session.target.state(0)
    state.write('fpuTop', 6)
    state.write('fpuTag', 0b1110_0000)
    state.write('fpr', 0x3fff8000000000000000n, 6)
    state.write('fpr', 0x7fff8000000000000000n, 7)
    // R7 special, R6 valid, R5 zero, the others empty; ST(0) is R6.
    expect(session.ask('p22')).toBe('ff870000')
    expect(session.ask('p18')).toBe('0000000000000080ff3f')
    expect(session.ask('p21')).toBe('00300000')
  })

  it('loads segments as the mode says', () => {
    const session = new Session()
    const state = session.target.state(0)
    expect(session.ask('P14=00120000')).toBe('OK')
    expect(state.read('dsBase')).toBe(0x12000n)
    state.setLo(FIELD.cr0, CR0.lo.PE | CR0.lo.ET)
    state.set(FIELD.gdtrBase, 0x2000, 0)
    session.target.memory.writeBytes(0x2008, Uint8Array.of(0xff, 0xff, 0x00, 0x34, 0x12, 0x93, 0xcf, 0x56))
    expect(session.ask('P14=08000000')).toBe('OK')
    expect([state.read('dsBase'), state.read('dsLimit')]).toEqual([0x56123400n, 0xffffffff])
    // Data in CS, and a descriptor that is not present.
    expect(session.ask('P12=08000000')).toBe('E01')
    expect(session.ask('P14=10000000')).toBe('E01')
    expect(state.lo(FIELD.segSelector, SEGMENT.DS)).toBe(8)
  })
})

describe('memory', () => {
  it('reads what is there, writes hexadecimal and binary', () => {
    const session = new Session()
    expect(session.ask('M1000,4:01020304')).toBe('OK')
    expect(session.ask('X1004,3:\x01}\x03\xff')).toBe('OK')
    expect(session.ask('m1000,8')).toBe('010203040123ff00')
    expect(session.ask('X1000,0:')).toBe('OK')
    // RAM ends at 1 MiB: a part is read, nothing is written.
    expect(session.ask('mffffe,4')).toBe('0000')
    expect(session.ask('Mffffe,4:11223344')).toBe('E0e')
    expect(session.ask('mffffe,2')).toBe('0000')
    expect(session.ask('m100000,4')).toBe('E0e')
  })

  it('answers nonsense with errors', () => {
    const session = new Session()
    for (const bad of [
      'm',
      'm1',
      'm,',
      'mx,1',
      'm1,1,1',
      'M0,2:00',
      'M0,1:0',
      'X0,1:}',
      'X0',
      'M10000000000000000,1:00',
    ])
      expect(session.ask(bad), bad).toBe('E16')
    expect(session.ask('m0,ffffffff')).toHaveLength(0x4000)
  })

  it('does not touch devices', () => {
    const session = new Session()
    const seen: number[] = []
    session.target.memory.addMmio(0x5000, 0x1000, {
      read: (offset) => seen.push(offset),
      write: (offset) => void seen.push(offset),
    })
    expect(session.ask('m5000,4')).toBe('E0e')
    expect(session.ask('m4ffe,4')).toBe('0000')
    expect(session.ask('M5000,1:00')).toBe('E0e')
    expect(seen).toEqual([])
  })
})

describe('running', () => {
  it('steps, continues and reports breakpoints and watchpoints', () => {
    const session = new Session(new ScriptedTarget(2))
    session.say('qSupported:swbreak+;hwbreak+')
    const { stops } = session.target
    stops.push({ kind: 'stepped', thread: 0 }, { kind: 'budget' }, { kind: 'breakpoint', thread: 1, hardware: false })
    stops.push({ kind: 'watchpoint', thread: 0, access: 'write', address: 0x1234n })
    stops.push({ kind: 'breakpoint', thread: 0, hardware: true }, { kind: 'shutdown', thread: 0 })
    replay(
      session,
      `
      > vCont;s:1;c
      run
      < T05thread:1;
      > Z0,1000,1
      < OK
      > vCont;c
      run
      run
      < T05swbreak:;thread:2;
      > qC
      < QC2
      > ?
      < T05swbreak:;thread:2;
      > c
      run
      < T05watch:1234;thread:1;
      > c
      run
      < T05hwbreak:;thread:1;
      > c
      run
      < O${hexOfText('processor 0: triple fault\n')}
      < T0bthread:1;`,
    )
    expect(session.target.resumed[0]).toEqual(['step', 'continue'])
    expect(session.target.resumed[1]).toEqual(['continue', 'continue'])
  })

  it('does not tell gdb of reasons that it does not know', () => {
    const session = new Session()
    session.target.stops.push({ kind: 'breakpoint', thread: 0, hardware: true })
    replay(session, '> c\nrun\n< T05thread:1;')
  })

  it('is interrupted between slices, and takes nothing else meanwhile', () => {
    const session = new Session()
    replay(session, '> c\nrun\n> g\n< E01\nrun\ninterrupt\n< T02thread:1;\ninterrupt')
    expect(session.stub.isRunning).toBe(false)
    expect(session.stub.run(10)).toBe('stopped')
  })

  it('steps within a range until it is left', () => {
    const session = new Session()
    const start = 0xfffffff0
    replay(session, `> vCont;r${start.toString(16)},${(start + 4).toString(16)}:1\nrun\n< T05thread:1;`)
    expect(session.target.resumed).toHaveLength(4)
    replay(session, '> vCont;r0,ffffffffffffffff:1\nrun\ninterrupt\n< T02thread:1;')
  })

  it('runs one thread alone where gdb asks for that', () => {
    const session = new Session(new ScriptedTarget(3))
    const planOf = (packet: string): string => {
      session.say(packet)
      session.stub.run(1)
      session.stub.receive(Uint8Array.of(3))
      session.sent.length = 0
      return session.target.resumed.at(-1)?.join(' ') ?? ''
    }
    expect(planOf('vCont;s:2')).toBe('stop step stop')
    expect(planOf('vCont;t:1;c:2;s:3')).toBe('stop continue step')
    expect(planOf('vCont;s:3;c')).toBe('continue continue step')
    session.ask('Hc2')
    expect(planOf('c')).toBe('stop continue stop')
    expect(planOf('s')).toBe('stop step stop')
    session.ask('Hc0')
    session.ask('Hg1')
    expect(planOf('C05')).toBe('continue continue continue')
    expect(planOf('S05;1000')).toBe('step stop stop')
    expect(session.target.state(0).lo(FIELD.rip)).toBe(0x11001)
  })

  it('has a console word for what signals cannot tell', () => {
    const session = new Session()
    session.target.stops.push({ kind: 'halted', thread: 0 }, { kind: 'exception', thread: 0, vector: 14 })
    replay(
      session,
      `
      > c
      run
      < O${hexOfText('all processors are halted, and nothing can wake them\n')}
      < T05thread:1;
      > c
      run
      < O${hexOfText('processor 0: #PF was delivered\n')}
      < T0bthread:1;`,
    )
  })

  it('refuses what it cannot run', () => {
    const session = new Session()
    for (const bad of [
      'vCont;',
      'vCont;x',
      'vCont;s:9',
      'vCont;r1',
      'vCont;t',
      'cxyz',
      'C',
      'Cxx',
      'S5',
      'vCont;s:1:2;q',
    ])
      expect(session.ask(bad), bad).toBe('E16')
    expect(session.stub.isRunning).toBe(false)
  })
})

describe('points', () => {
  it('inserts once, removes, and refuses nonsense', () => {
    const session = new Session()
    replay(
      session,
      `
      > Z0,1000,1
      < OK
      > Z0,1000,1
      < OK
      > Z2,2000,8
      < OK
      > z0,1000,1
      < OK
      > z0,1000,1
      < OK
      > Z2,2000,0
      < E16
      > Z1,,1
      < E16
      > Z5,1000,1
      <`,
    )
    expect(session.target.points).toEqual([{ kind: 'write', address: 0x2000n, lengthBytes: 8 }])
  })
})

describe('threads', () => {
  it('names processors, their mode and what they do', () => {
    const session = new Session(new ScriptedTarget(2))
    expect(session.ask('qThreadExtraInfo,2')).toBe(hexOfText('processor 1 (real, CPL 0, waiting for SIPI)'))
    expect(session.ask('qXfer:threads:read::0,1000')).toContain('<thread id="2" core="1" name="cpu1">')
    expect(session.ask('T2')).toBe('OK')
    expect(session.ask('T3')).toBe('E16')
    expect(session.ask('Hg3')).toBe('E16')
    expect(session.ask('Hgp1.2')).toBe('OK')
    expect(session.ask('qC')).toBe('QC2')
  })
})

describe('monitor', () => {
  it('helps, walks, disassembles, catches and resets', () => {
    const session = new Session()
    expect(session.monitor('nonsense')).toContain('info registers')
    expect(session.monitor('constructor')).toContain('info registers')
    expect(session.monitor('info registers')).toMatch(/rip +00000000fffffff0\n/)
    expect(session.monitor('info cpus')).toBe('* processor 0 (real, CPL 0, running)\n')
    expect(session.monitor('walk 0x1234')).toBe(
      '0x1234 -> physical 0x1234 (page of 4096 bytes; user, writable, executable)\n',
    )
    session.ask('M100,3:b83412')
    expect(session.monitor('disas 100 1')).toMatch(/0x100: {2}b83412 +mov ax, 0x1234\n/)
    expect(session.monitor('disas fff0000000')).toContain('not mapped')
    expect(session.monitor('disas 0 100000')).toContain('disas [')
    session.monitor('catch #pf GP 6')
    expect(session.target.caught).toEqual(new Set([14, 13, 6]))
    expect(session.monitor('catch what')).toContain('catch off')
    session.monitor('reset')
    expect(session.target.resets).toBe(1)
  })
})

describe('hostile input', () => {
  it(`never throws (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const letters = 'gGpPmMXcCsSzZHTqQvDk?!:;,=0123456789abcdefp-.#$}*+\x03'
    const session = new Session(new ScriptedTarget(3))
    const words = [
      'qXfer:features:read:',
      'vCont;',
      'qRcmd,',
      'qThreadExtraInfo,',
      'Hg',
      'Z2,',
      'M',
      'X',
      'P',
      'QStartNoAckMode',
    ]
    for (let round = 0; round < 5000; round++) {
      let text = (random() & 1) === 0 ? '' : (words[random() % words.length] as string)
      for (let n = random() % 24; n > 0; n--) text += letters[random() % letters.length]
      session.stub.receive((random() & 7) === 0 ? bytesOfText(text) : encodePacket(text))
      session.stub.run(3)
      session.sent.length = 0
    }
    session.stub.receive(Uint8Array.of(0x24, 0x23, 0x30, 0x30, 3))
    session.sent.length = 0
    expect(session.ask('qOffsets')).toBe('Text=0;Data=0;Bss=0')
  })
})
