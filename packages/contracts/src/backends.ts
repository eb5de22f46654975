/**
 * What a disk is made of. Offsets and lengths are bytes, multiples of 512, within `sizeBytes`: callers check. A method that fails
 * throws or rejects: the device reports an I/O error to its guest.
 */
export interface BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  /** Fills `into`. */
  read(offset: number, into: Uint8Array): void | Promise<void>
  write(offset: number, bytes: Uint8Array): void | Promise<void>
  /** Whatever was written before is durable when this is done: on disk, not in a cache. */
  flush(): void | Promise<void>
  /** Makes a range read as zeros, and gives its room back where it can. */
  discard?(offset: number, lengthBytes: number): void | Promise<void>
  close(): void | Promise<void>
}

/** The other end of a network card's cable. Frames are Ethernet, without preamble and check sequence, up to 65,550 bytes. */
export interface NetBackend {
  /** A frame from the guest. Never throws; frames that cannot be carried are dropped, as a wire does. */
  send(frame: Uint8Array): void
  /** Names who takes frames for the guest; each frame is the receiver's to keep. */
  onReceive(receive: (frame: Uint8Array) => void): void
  close(): void | Promise<void>
}

/** The other end of a serial line or console. */
export interface ConsoleBackend {
  /** Bytes from the guest; only valid during the call. */
  write(bytes: Uint8Array): void
  /** Names who takes bytes for the guest. */
  onInput(receive: (bytes: Uint8Array) => void): void
  close(): void | Promise<void>
}
