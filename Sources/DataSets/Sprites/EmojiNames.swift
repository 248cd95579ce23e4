import Foundation

/// What Unicode calls the things emoji show.
struct EmojiNames {
  /// One of them.
  struct Thing: Equatable {
    let scalars: [UInt32]
    let name, group, subgroup: String
    var keywords: [String] = []

    /// The name as file name: its ASCII letters and digits in lower case, the rest as dashes.
    var slug: String {
      name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "-")
    }
  }

  private(set) var things: [Thing] = []

  /// - Parameters:
  ///   - list: Unicode's `emoji-test.txt`.
  ///   - annotations: CLDR's keywords, `annotations/en.xml` and the like.
  init(list: URL, annotations: [URL]) throws {
    var (group, subgroup) = ("", "")
    var lines = try LineReader(list)
    while let line = try lines.next() {
      let text = TextBytes.decode(line.bytes).text
      if let value = text.after("# group: ") {
        group = value
      } else if let value = text.after("# subgroup: ") {
        subgroup = value
      } else if let thing = Self.thing(text, group, subgroup) {
        things.append(thing)
      }
    }
    guard !things.isEmpty else {
      throw DataSetError.noData(path: list.path, reason: "is not Unicode's emoji-test.txt: it names nothing")
    }
    var keywords: [[UInt32]: [String]] = [:]
    for file in annotations { try Self.read(file, into: &keywords) }
    for index in things.indices {
      things[index].keywords = keywords[things[index].scalars.filter { $0 != 0xfe0f }] ?? []
    }
  }

  /// "1F408 200D 2B1B ; fully-qualified # 🐈‍⬛ E13.0 black cat".
  private static func thing(_ line: String, _ group: String, _ subgroup: String) -> Thing? {
    let halves = line.split(separator: "#", maxSplits: 1)
    let fields = halves.first?.split(separator: ";") ?? []
    guard halves.count == 2, fields.count == 2,
      fields[1].split(separator: " ").first == "fully-qualified"
    else { return nil }
    let scalars = fields[0].split(separator: " ").compactMap { UInt32($0, radix: 16) }
    // The character itself and the version come before the name.
    let words = halves[1].split(separator: " ", maxSplits: 2)
    guard !scalars.isEmpty, words.count == 3 else { return nil }
    return Thing(scalars: scalars, name: String(words[2]), group: group, subgroup: subgroup)
  }

  /// Reads lines such as `<annotation cp="🐈">cat | pet</annotation>`.
  private static func read(_ file: URL, into keywords: inout [[UInt32]: [String]]) throws {
    var lines = try LineReader(file)
    while let line = try lines.next() {
      let text = TextBytes.decode(line.bytes).text
      guard let rest = text.range(of: "<annotation cp=\"").map({ text[$0.upperBound...] }),
        let quote = rest.firstIndex(of: "\""), rest[quote...].hasPrefix("\">"),
        let end = rest.range(of: "</annotation>")
      else { continue }
      let words = rest[rest.index(quote, offsetBy: 2)..<end.lowerBound].components(separatedBy: " | ")
      keywords[rest[..<quote].unicodeScalars.map(\.value)] = words.map {
        $0.replacingOccurrences(of: "&amp;", with: "&").trimmingCharacters(in: .whitespaces)
      }
    }
  }
}

extension String {
  fileprivate func after(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)).trimmingCharacters(in: .whitespaces) : nil
  }
}
