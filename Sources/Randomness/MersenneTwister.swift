/// The 32-bit Mersenne Twister MT19937.
///
/// Source: Matsumoto and Nishimura 1998, "Mersenne Twister: a 623-dimensionally equidistributed
/// uniform pseudo-random number generator", with the initialisation of 2002.
struct MersenneTwister: Sendable, Equatable {
  static let stateCount = 624
  private static let shift = 397

  /// The words of the current block, before tempering.
  private(set) var state: [UInt32]
  /// The next word to hand out; `stateCount` when the block is used up.
  private(set) var position: Int

  /// - Parameter seed: only its low 32 bits count, as in torch.
  init(seed: UInt64) {
    var word = UInt32(truncatingIfNeeded: seed)
    state = [UInt32](repeating: 0, count: Self.stateCount)
    state[0] = word
    for index in 1..<Self.stateCount {
      word = 1_812_433_253 &* (word ^ (word >> 30)) &+ UInt32(index)
      state[index] = word
    }
    position = Self.stateCount
  }

  /// Continues from saved words; nil when they are not a state.
  init?(state: [UInt32], position: Int) {
    guard state.count == Self.stateCount, (0...Self.stateCount).contains(position) else {
      return nil
    }
    self.state = state
    self.position = position
  }

  mutating func next() -> UInt32 {
    if position == Self.stateCount { refill() }
    defer { position += 1 }
    return Self.temper(state[position])
  }

  /// Two words as one number, the first one high.
  mutating func next64() -> UInt64 {
    let high = UInt64(next())
    return high << 32 | UInt64(next())
  }

  /// Fills the buffer with uniform floats of 24 bits, one word each.
  mutating func fillUniforms(_ buffer: UnsafeMutableBufferPointer<Float>) {
    guard let output = buffer.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      if position == Self.stateCount { refill() }
      let run = min(Self.stateCount - position, buffer.count - done)
      state.withUnsafeBufferPointer { words in
        guard let source = words.baseAddress else { return }
        for index in 0..<run {
          // 24 bits fit a signed word, whose conversion to float every processor vectorises.
          let bits = Int32(bitPattern: Self.temper(source[position + index]) & 0xff_ffff)
          output[done + index] = Float(bits) * 0x1p-24
        }
      }
      position += run
      done += run
    }
  }

  @inline(__always)
  private static func temper(_ word: UInt32) -> UInt32 {
    var y = word
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  @inline(__always)
  private static func twist(_ upper: UInt32, _ lower: UInt32) -> UInt32 {
    let y = (upper & 0x8000_0000) | (lower & 0x7fff_ffff)
    return (y >> 1) ^ ((0 &- (lower & 1)) & 0x9908_b0df)
  }

  private mutating func refill() {
    let (n, m) = (Self.stateCount, Self.shift)
    state.withUnsafeMutableBufferPointer { words in
      guard let s = words.baseAddress else { return }
      for k in 0..<(n - m) { s[k] = s[k + m] ^ Self.twist(s[k], s[k + 1]) }
      for k in (n - m)..<(n - 1) { s[k] = s[k + m - n] ^ Self.twist(s[k], s[k + 1]) }
      s[n - 1] = s[m - 1] ^ Self.twist(s[n - 1], s[0])
    }
    position = 0
  }
}
