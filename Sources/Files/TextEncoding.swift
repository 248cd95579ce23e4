/// How a text file's bytes make characters.
package struct TextEncoding: Equatable {
  package let name: String
  /// Bytes of a code unit.
  package let width: Int
  var isBigEndian = false
  /// Bytes of the byte-order mark.
  var mark = 0

  /// Bytes that are looked at where there is no mark.
  private static let sample = 4096

  /// Goes by the byte-order mark; without one by NULs, which text in UTF-8 has none of and UTF-16 has beside every Latin
  /// letter.
  package init(of bytes: [UInt8]) {
    let marks: [([UInt8], TextEncoding)] = [
      ([0xff, 0xfe, 0, 0], TextEncoding(name: "UTF-32", width: 4, mark: 4)),
      ([0, 0, 0xfe, 0xff], TextEncoding(name: "UTF-32", width: 4, isBigEndian: true, mark: 4)),
      ([0xff, 0xfe], TextEncoding(name: "UTF-16", width: 2, mark: 2)),
      ([0xfe, 0xff], TextEncoding(name: "UTF-16", width: 2, isBigEndian: true, mark: 2)),
      ([0xef, 0xbb, 0xbf], TextEncoding(name: "UTF-8", width: 1, mark: 3)),
    ]
    if let known = marks.first(where: { bytes.starts(with: $0.0) })?.1 {
      self = known
      return
    }
    let sample = bytes.prefix(Self.sample)
    let even = stride(from: 0, to: sample.count, by: 2).count { sample[$0] == 0 }
    let odd = stride(from: 1, to: sample.count, by: 2).count { sample[$0] == 0 }
    // A stray NUL is a damaged line of UTF-8.
    if max(even, odd) * 2 > sample.count / 2, max(even, odd) > 8 * min(even, odd) {
      self.init(name: "UTF-16", width: 2, isBigEndian: even > odd)
    } else {
      self.init(name: "UTF-8", width: 1)
    }
  }

  private init(name: String, width: Int, isBigEndian: Bool = false, mark: Int = 0) {
    (self.name, self.width, self.isBigEndian, self.mark) = (name, width, isBigEndian, mark)
  }
}
