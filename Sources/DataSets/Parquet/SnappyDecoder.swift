/// Snappy's raw format: a length, then literals and copies of what was written before.
///
/// Source: google/snappy format_description.txt.
package enum SnappyDecoder {
  /// Decompresses a block into exactly `size` bytes.
  package static func decode(_ bytes: ArraySlice<UInt8>, size: Int) throws -> [UInt8] {
    var failure: Fault?
    let out = [UInt8](unsafeUninitializedCapacity: size) { out, initialized in
      bytes.withUnsafeBufferPointer { input in
        do throws(Fault) {
          try decode(input, into: UnsafeMutableBufferPointer(rebasing: out[..<size]), &initialized)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    return out
  }

  private static let garbled = Fault.damaged("its Snappy data is garbled")

  private static func decode(
    _ input: UnsafeBufferPointer<UInt8>, into out: UnsafeMutableBufferPointer<UInt8>, _ written: inout Int
  ) throws(Fault) {
    var position = 0
    func byte() throws(Fault) -> Int {
      guard position < input.count else { throw garbled }
      defer { position += 1 }
      return Int(input[position])
    }
    func number(_ bytes: Int) throws(Fault) -> Int {
      var value = 0
      for shift in 0..<bytes { value |= try byte() << (8 * shift) }
      return value
    }

    var size = 0
    for shift in stride(from: 0, through: 28, by: 7) {
      let next = try byte()
      size |= (next & 0x7f) << shift
      if next & 0x80 == 0 { break }
      if shift == 28 { throw garbled }
    }
    guard size == out.count else { throw .damaged("its Snappy data is of another length than the page") }

    while position < input.count {
      let tag = try byte()
      if tag & 3 == 0 {
        let short = tag >> 2
        let length = short < 60 ? short + 1 : try number(short - 59) + 1
        guard length <= input.count - position, length <= out.count - written else { throw garbled }
        for i in 0..<length { out.initializeElement(at: written + i, to: input[position + i]) }
        position += length
        written += length
        continue
      }
      let length = tag & 3 == 1 ? (tag >> 2) & 7 + 4 : tag >> 2 + 1
      let offset =
        switch tag & 3 {
        case 1: (tag >> 5) << 8 | (try byte())
        case 2: try number(2)
        default: try number(4)
        }
      guard offset > 0, offset <= written, length <= out.count - written else { throw garbled }
      // One at a time: a copy may run into what it writes itself.
      for i in written..<(written + length) { out.initializeElement(at: i, to: out[i - offset]) }
      written += length
    }
    guard written == out.count else { throw garbled }
  }
}
