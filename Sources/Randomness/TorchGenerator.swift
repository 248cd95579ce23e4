import Foundation

/// The random numbers of `torch.Generator("cpu")` for float32 tensors.
///
/// Uniforms, integers and permutations equal torch's bit for bit; normals agree to 1e-5, because
/// torch's own vector logarithm differs from processor to processor.
/// Source: pytorch, aten/src/ATen/core/MT19937RNGEngine.h and
/// aten/src/ATen/native/cpu/DistributionTemplates.h.
public struct TorchGenerator: RandomNumberSource, Equatable {
  private var engine: MersenneTwister
  /// The second number of a pair drawn one at a time, kept until somebody asks for one more.
  private var cachedNormal: Double?

  /// Starts the stream of a seed, as `manual_seed`; torch ignores all but the low 32 bits.
  public init(seed: UInt64) { engine = MersenneTwister(seed: seed) }

  private init(engine: MersenneTwister, cachedNormal: Double?) {
    self.engine = engine
    self.cachedNormal = cachedNormal
  }

  /// Draws `torch.randn(count)`.
  ///
  /// Below sixteen numbers torch takes another road, so `normals(8)` twice is not `normals(16)`.
  public mutating func normals(_ count: Int) -> [Float] {
    precondition(count >= 0, "normals: count \(count) is negative")
    guard count >= BoxMuller.blockCount else {
      return (0..<count).map { _ in Float(nextNormal()) }
    }
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      engine.fillUniforms(buffer)
      if let numbers = buffer.baseAddress {
        let block = BoxMuller.blockCount
        for start in stride(from: 0, through: count - block, by: block) {
          BoxMuller.transform(numbers + start)
        }
        if count % block != 0 {
          // The rest is redrawn together with as many earlier numbers as make up a block.
          engine.fillUniforms(
            UnsafeMutableBufferPointer(start: numbers + count - block, count: block))
          BoxMuller.transform(numbers + count - block)
        }
      }
      initialized = count
    }
  }

  /// Draws `torch.rand(count)`: multiples of 2⁻²⁴ in 0 ..< 1.
  public mutating func uniforms(_ count: Int) -> [Float] {
    precondition(count >= 0, "uniforms: count \(count) is negative")
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      engine.fillUniforms(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }

  /// Draws `torch.randint(range.lowerBound, range.upperBound, (count,))`.
  public mutating func integers(_ count: Int, in range: Range<Int>) -> [Int] {
    precondition(count >= 0, "integers: count \(count) is negative")
    precondition(!range.isEmpty, "integers: range \(range) is empty")
    let size = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))
    // torch takes two words as soon as the remainder of one would be visibly uneven.
    let wide = size >= 1 << 28
    return (0..<count).map { _ in
      let bits = wide ? engine.next64() : UInt64(engine.next())
      return range.lowerBound &+ Int(truncatingIfNeeded: bits % size)
    }
  }

  /// Draws `torch.randperm(count)`: the numbers 0 ..< count in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    precondition(count >= 0, "permutation: count \(count) is negative")
    precondition(count < Int(UInt32.max) / 20, "permutation: \(count) is too many")
    var numbers = Array(0..<count)
    for index in 0..<max(count - 1, 0) {
      numbers.swapAt(index, index + Int(engine.next() % UInt32(count - index)))
    }
    return numbers
  }

  /// One normal by the double precision road, two for each pair of uniforms.
  private mutating func nextNormal() -> Double {
    if let cached = cachedNormal {
      cachedNormal = nil
      return cached
    }
    let (u1, u2) = (nextDouble(), nextDouble())
    let radius = (-2 * log1p(-u2)).squareRoot()
    let angle = 2 * Double.pi * u1
    cachedNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  private mutating func nextDouble() -> Double {
    Double(engine.next64() & (1 << 53 - 1)) * 0x1p-53
  }
}

extension TorchGenerator: Codable {
  private enum CodingKeys: String, CodingKey {
    case state, position
    case cachedNormal = "cached_normal_bits"
  }

  /// Restores a saved generator.
  /// - Throws: `DecodingError` if the numbers are not the state of a generator.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let state = try values.decode([UInt32].self, forKey: .state)
    let position = try values.decode(Int.self, forKey: .position)
    guard let engine = MersenneTwister(state: state, position: position) else {
      throw DecodingError.dataCorruptedError(
        forKey: .state, in: values,
        debugDescription: "a generator has \(MersenneTwister.stateCount) words and a position in "
          + "0...\(MersenneTwister.stateCount), found \(state.count) words at position \(position)")
    }
    let bits = try values.decodeIfPresent(UInt64.self, forKey: .cachedNormal)
    self.init(engine: engine, cachedNormal: bits.map { Double(bitPattern: $0) })
  }

  /// Saves the whole state; the restored generator continues with the same bits.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(engine.state, forKey: .state)
    try values.encode(engine.position, forKey: .position)
    // As bits, so that no text format can round it.
    try values.encodeIfPresent(cachedNormal?.bitPattern, forKey: .cachedNormal)
  }
}
