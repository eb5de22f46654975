/** A question to a gateway, to see whether it is there: the probe of RFC 5227, 2.1.1, which leaves no trace in who answers. */

/** Locally administered, and no guest's. */
const ASKER = [0x52, 0x54, 0x00, 0xff, 0xff, 0xfe] as const
const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] as const
const ETHERTYPE_ARP = [0x08, 0x06] as const
/** Ethernet and IPv4, with addresses of 6 and 4 bytes; then the operation (RFC 826). */
const KINDS = [0, 1, 8, 0, 6, 4] as const
const REQUEST = [0, 1] as const
const NOBODY = [0, 0, 0, 0] as const
const SHORTEST_FRAME_BYTES = 60

/** Who has an IPv4 address? */
export function arpRequest(address: string): Uint8Array {
  const frame = new Uint8Array(SHORTEST_FRAME_BYTES)
  const target = address.split('.').map(Number)
  frame.set([...BROADCAST, ...ASKER, ...ETHERTYPE_ARP, ...KINDS, ...REQUEST, ...ASKER, ...NOBODY])
  frame.set([0, 0, 0, 0, 0, 0, ...target], 32)
  return frame
}

/** Whether a frame is the answer to that: nothing else is sent to who asked. */
export function isArpReply(frame: Uint8Array): boolean {
  return ASKER.every((byte, at) => frame[at] === byte)
}
