import { bitfield } from './bitfield.ts'

/**
 * An event on its way to the guest, in the form of the VM-entry interruption information. The state's `pendingEvent`
 * uses it, and so do VMCS fields; AMD's EVENTINJ differs only in its TYPE codes and field widths.
 */
export const EVENT_INFORMATION = /* @__PURE__ */ bitfield({
  name: 'event information',
  widthBits: 32,
  source: 'Intel SDM vol. 3C, 26.8.3 "VM-Entry Controls for Event Injection"',
  fields: {
    VECTOR: ['7:0', 'vector'],
    TYPE: [
      '10:8',
      'type',
      {
        values: {
          0: 'external interrupt',
          2: 'NMI',
          3: 'hardware exception',
          4: 'software interrupt',
          5: 'privileged software exception',
          6: 'software exception',
          7: 'other event',
        },
      },
    ],
    ERROR_CODE: [11, 'an error code is delivered'],
    VALID: [31, 'there is an event'],
  },
})

/** The values of `EVENT_INFORMATION.TYPE`. INT1 is a privileged software exception; INT3 and INTO are software exceptions. */
export const EVENT_TYPE = /* @__PURE__ */ Object.freeze({
  EXTERNAL_INTERRUPT: 0,
  NMI: 2,
  HARDWARE_EXCEPTION: 3,
  SOFTWARE_INTERRUPT: 4,
  PRIVILEGED_SOFTWARE_EXCEPTION: 5,
  SOFTWARE_EXCEPTION: 6,
  OTHER_EVENT: 7,
})

/** What holds events back for now. */
export const INTERRUPTIBILITY = /* @__PURE__ */ bitfield({
  name: 'interruptibility state',
  widthBits: 32,
  source: 'Intel SDM vol. 3C, 26.4.2 "Guest Non-Register State"',
  fields: {
    STI: [0, 'blocking by STI: no maskable interrupts until the next instruction has retired'],
    MOV_SS: [
      1,
      'blocking by MOV SS or POP SS: no interrupts and no debug traps until the next instruction has retired',
    ],
    SMI: [2, 'blocking by SMI: in system-management mode'],
    NMI: [3, 'blocking by NMI: until the next IRET'],
    ENCLAVE: [4, 'the event arrived in an enclave'],
  },
})

/** Debug exceptions that are due at the next instruction boundary. */
export const PENDING_DEBUG = /* @__PURE__ */ bitfield({
  name: 'pending debug exceptions',
  widthBits: 64,
  source: 'Intel SDM vol. 3C, 26.4.2 "Guest Non-Register State"',
  fields: {
    B0: [0, 'the condition of breakpoint 0 was met'],
    B1: [1, 'the condition of breakpoint 1 was met'],
    B2: [2, 'the condition of breakpoint 2 was met'],
    B3: [3, 'the condition of breakpoint 3 was met'],
    BLD: [11, 'a bus lock was detected'],
    ENABLED_BREAKPOINT: [12, 'at least one breakpoint that was met is enabled in DR7'],
    BS: [14, 'single step'],
    RTM: [16, 'inside a transactional region'],
  },
})

/**
 * Activity states. 0 to 3 are the encodings of the VMCS; `MWAIT` is not one of them: a processor in MWAIT that is a VM's
 * leaves it before the VMCS is written (Intel SDM vol. 3C, 26.4.2).
 */
export const ACTIVITY_STATE = /* @__PURE__ */ Object.freeze({
  ACTIVE: 0,
  HLT: 1,
  SHUTDOWN: 2,
  WAIT_FOR_SIPI: 3,
  MWAIT: 4,
  /** MWAIT with bit 0 of ECX: interrupts end it even while they are masked (Intel SDM vol. 2B, MWAIT). */
  MWAIT_MASKED: 5,
})

/** Signals that were latched at the processor's pins or by its local APIC and wait to be taken. */
export const PENDING_SIGNALS = /* @__PURE__ */ bitfield({
  name: 'pending signals',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 7.7.1 "Handling Multiple NMIs", 10.4.3 "MP Initialization Protocol Algorithm"',
  fields: {
    NMI: [0, 'a nonmaskable interrupt'],
    INIT: [1, 'an INIT signal'],
    SIPI: [2, 'a start-up IPI; its vector stands in `sipiVector`'],
  },
})
