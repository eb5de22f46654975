/** Typed hooks: who wants to see what a processor does. Without any, nothing is asked and nothing is slower. */
import type { Processor } from './processor.ts'

/** An instruction that is about to be executed; RIP is in the state. */
export type InstructionHook = (processor: Processor) => void

export interface MemoryAccess {
  readonly kind: 'read' | 'write'
  /** The linear address, in halves. */
  readonly lo: number
  readonly hi: number
  readonly sizeBytes: number
}
export interface PortAccess {
  readonly kind: 'in' | 'out'
  readonly port: number
  readonly sizeBytes: 1 | 2 | 4
  readonly value: number
}
export interface MsrAccess {
  readonly kind: 'read' | 'write'
  readonly index: number
}
export interface ExceptionEvent {
  readonly vector: number
  /** As `EVENT_TYPE`. */
  readonly type: number
  readonly errorCode: number | undefined
}

export interface HookEvents {
  /** Before each instruction. Engines then go instruction by instruction. */
  instruction: [Processor]
  /** After each data access of an instruction, by linear address. Engines then go instruction by instruction. */
  memory: [MemoryAccess, Processor]
  port: [PortAccess, Processor]
  msr: [MsrAccess, Processor]
  /** CR3 has a new value. */
  cr3: [Processor]
  /** Before an exception or interrupt is delivered. */
  exception: [ExceptionEvent, Processor]
}
export type HookName = keyof HookEvents
type Listener<Name extends HookName> = (...event: HookEvents[Name]) => void

/** Ends what it was given for; calling it again does nothing. */
export type Unsubscribe = () => void

export class Hooks {
  readonly #listeners: { [Name in HookName]: Set<Listener<Name>> } = {
    instruction: new Set(),
    memory: new Set(),
    port: new Set(),
    msr: new Set(),
    cr3: new Set(),
    exception: new Set(),
  }
  /** Counts up whenever somebody begins or ends to listen. */
  version = 0
  /** Whether anybody listens to anything: what is asked at every exception. */
  #isUsed = false
  readonly #changed: () => void

  /** `changed` is called when somebody begins or ends to listen. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  on<Name extends HookName>(name: Name, listener: Listener<Name>): Unsubscribe {
    this.#listeners[name].add(listener)
    this.#noteChange()
    return () => {
      this.#listeners[name].delete(listener)
      this.#noteChange()
    }
  }

  #noteChange(): void {
    this.version++
    this.#isUsed = Object.values(this.#listeners).some(({ size }) => size > 0)
    this.#changed()
  }

  onInstruction(listener: Listener<'instruction'>): Unsubscribe {
    return this.on('instruction', listener)
  }

  onMemory(listener: Listener<'memory'>): Unsubscribe {
    return this.on('memory', listener)
  }

  onPort(listener: Listener<'port'>): Unsubscribe {
    return this.on('port', listener)
  }

  onMsr(listener: Listener<'msr'>): Unsubscribe {
    return this.on('msr', listener)
  }

  onCr3(listener: Listener<'cr3'>): Unsubscribe {
    return this.on('cr3', listener)
  }

  onException(listener: Listener<'exception'>): Unsubscribe {
    return this.on('exception', listener)
  }

  has(name: HookName): boolean {
    return this.#isUsed && this.#listeners[name].size > 0
  }

  emit<Name extends HookName>(name: Name, ...event: HookEvents[Name]): void {
    for (const listener of this.#listeners[name]) listener(...event)
  }
}
