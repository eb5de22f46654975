import { expect } from 'vitest'
import { GdbStub, type GdbStubOptions } from '../src/debug/gdb-stub.ts'
import { encodePacket, PacketReader } from '../src/debug/rsp/framing.ts'
import { hexOfText, textOfBytes } from '../src/debug/rsp/hex.ts'
import { ScriptedTarget } from './scripted-target.ts'

/** A debugger's side: what was sent comes as payloads, acknowledgements as `+` and `-`. */
export class StubConversation {
  readonly sent: string[] = []
  readonly stub: GdbStub
  readonly target: ScriptedTarget

  constructor(target = new ScriptedTarget(), options: Partial<GdbStubOptions> = {}) {
    this.target = target
    const reader = new PacketReader(1 << 20)
    const onSend = (bytes: Uint8Array): void => {
      for (const event of reader.push(bytes)) {
        if (event.kind === 'packet') this.sent.push(event.payload)
        else this.sent.push(event.kind === 'ack' ? '+' : event.kind === 'nak' ? '-' : `(${event.kind})`)
      }
    }
    this.stub = new GdbStub(target, { onSend, ...options })
    this.say('QStartNoAckMode')
    this.sent.length = 0
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
export function replay(session: StubConversation, dialogue: string): void {
  for (const each of dialogue.trim().split('\n')) {
    const line = each.trim()
    if (line === 'run') session.stub.run(100)
    else if (line === 'interrupt') session.stub.receive(Uint8Array.of(3))
    else if (line.startsWith('>')) session.stub.receive(encodePacket(line.slice(2)))
    else expect(session.sent.shift(), line).toBe(line.slice(2))
  }
  expect(session.sent).toEqual([])
}
