/// Tokens that are recognised as written, before a text is changed or cut in any way.
struct SpecialTokens {
  enum Part: Equatable {
    case plain(String)
    case special(Int32)
  }

  /// By first byte, the longest first: of tokens that begin alike the longest counts.
  private var candidates: [UInt8: [(spelling: [UInt8], id: Int32)]] = [:]
  private var ids: Set<Int32> = []

  init(_ tokens: [(String, Int32)]) {
    for (token, id) in tokens where !ids.contains(id) {
      guard let first = token.utf8.first else { continue }
      candidates[first, default: []].append((Array(token.utf8), id))
      ids.insert(id)
    }
    for first in candidates.keys {
      candidates[first]?.sort { $0.spelling.count > $1.spelling.count }
    }
  }

  func contains(_ id: Int32) -> Bool { ids.contains(id) }

  /// Cuts the special tokens out of a text.
  func split(_ text: String) -> [Part] {
    let bytes = Array(text.utf8)
    var parts: [Part] = []
    var (plain, index) = (0, 0)
    func plainPart(_ end: Int) -> [Part] {
      end > plain ? [.plain(String(decoding: bytes[plain..<end], as: UTF8.self))] : []
    }
    while index < bytes.count {
      let match = candidates[bytes[index]]?.first { bytes[index...].starts(with: $0.spelling) }
      guard let match else {
        index += 1
        continue
      }
      parts += plainPart(index) + [.special(match.id)]
      index += match.spelling.count
      plain = index
    }
    return parts + plainPart(bytes.count)
  }
}
