import { FIELD } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { ScriptedTarget } from '../../tests/scripted-target.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { replay, StubConversation } from '../../tests/stub-conversation.ts'
import { GdbStub } from './gdb-stub.ts'
import { encodePacket } from './rsp/framing.ts'
import { bytesOfText, hexOfText, textOfBytes } from './rsp/hex.ts'

describe('connection', () => {
  it('greets gdb 13', () => {
    const session = new StubConversation(new ScriptedTarget(2))
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
      const session = new StubConversation(new ScriptedTarget(), options)
      session.ask('Z0,1000,1')
      session.say(packet)
      expect([events, session.target.points]).toEqual([[event], []])
    }
    const session = new StubConversation()
    session.ask('Z2,1000,8')
    session.stub.disconnect()
    expect(session.target.points).toEqual([])
  })
})

describe('running', () => {
  it('steps, continues and reports breakpoints and watchpoints', () => {
    const session = new StubConversation(new ScriptedTarget(2))
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
    const session = new StubConversation()
    session.target.stops.push({ kind: 'breakpoint', thread: 0, hardware: true })
    replay(session, '> c\nrun\n< T05thread:1;')
  })

  it('is interrupted between slices, and takes nothing else meanwhile', () => {
    const session = new StubConversation()
    replay(session, '> c\nrun\n> g\n< E01\nrun\ninterrupt\n< T02thread:1;\ninterrupt')
    expect(session.stub.isRunning).toBe(false)
    expect(session.stub.run(10)).toBe('stopped')
  })

  it('steps within a range until it is left', () => {
    const session = new StubConversation()
    const start = 0xfffffff0
    replay(session, `> vCont;r${start.toString(16)},${(start + 4).toString(16)}:1\nrun\n< T05thread:1;`)
    expect(session.target.resumed).toHaveLength(4)
    replay(session, '> vCont;r0,ffffffffffffffff:1\nrun\ninterrupt\n< T02thread:1;')
  })

  it('runs one thread alone where gdb asks for that', () => {
    const session = new StubConversation(new ScriptedTarget(3))
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
    const session = new StubConversation()
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
    const session = new StubConversation()
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
    const session = new StubConversation()
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
    const session = new StubConversation(new ScriptedTarget(2))
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
    const session = new StubConversation()
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
    const session = new StubConversation(new ScriptedTarget(3))
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
