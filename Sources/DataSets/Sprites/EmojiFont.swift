import Foundation

/// A font of coloured bitmaps: finds the picture of a sequence of characters.
///
/// Source: OpenType 1.9, chapters cmap (format 12), GSUB (lookup types 4 and 7), CBLC and CBDT.
package struct EmojiFont {
  let path: String
  private let glyphs: [Int: Int]
  /// What follows a first glyph, and what they become together.
  private let ligatures: [Int: [(rest: [Int], glyph: Int)]]
  private let bitmaps: EmojiBitmaps

  /// Reads a font file.
  package init(_ url: URL) throws {
    path = url.path
    let file = try RandomAccessFile(url)
    let bytes = try file.read(upTo: file.count, at: 0)
    (glyphs, ligatures, bitmaps) = try ByteStream.naming(url.path, format: "font") {
      let font = FontBytes(bytes[...])
      let count = try font.u16(4)
      var tables: [String: FontBytes] = [:]
      for index in 0..<count {
        let entry = try font.part(12 + 16 * index, 16)
        let tag = String(decoding: entry.all[0..<4], as: UTF8.self)
        tables[tag] = try font.part(try entry.u32(8), try entry.u32(12))
      }
      guard let cmap = tables["cmap"], let places = tables["CBLC"], let data = tables["CBDT"] else {
        throw Fault.unsupported("has no coloured bitmaps (tables CBLC and CBDT)")
      }
      return (
        try Self.characters(cmap), try tables["GSUB"].map { try Self.ligatures($0) } ?? [:],
        try EmojiBitmaps(places, data)
      )
    }
  }

  /// The PNG file of a character or sequence; nil if the font has none.
  package func picture(_ scalars: [UInt32]) throws -> [UInt8]? {
    // The mark that asks for a coloured form has no glyph of its own.
    let found = scalars.filter { $0 != 0xfe0f }.map { glyphs[Int($0)] }
    guard let first = found.first, let first, !found.contains(nil) else { return nil }
    var glyph = first
    if found.count > 1 {
      let rest = found.dropFirst().compactMap { $0 }
      guard let ligature = ligatures[first]?.first(where: { $0.rest == rest }) else { return nil }
      glyph = ligature.glyph
    }
    return try ByteStream.naming(path, format: "font") { try bitmaps.picture(glyph) }
  }

  private static func characters(_ cmap: FontBytes) throws -> [Int: Int] {
    for index in 0..<(try cmap.u16(2)) {
      let table = try cmap.part(try cmap.u32(4 + 8 * index + 4))
      guard try table.u16(0) == 12 else { continue }
      var glyphs: [Int: Int] = [:]
      for group in 0..<(try table.u32(12)) {
        let (first, last, glyph) = (
          try table.u32(16 + 12 * group), try table.u32(20 + 12 * group), try table.u32(24 + 12 * group)
        )
        guard first <= last, last <= 0x10_ffff else { throw Fault.damaged("its characters are out of range") }
        for character in first...last { glyphs[character] = glyph + character - first }
      }
      return glyphs
    }
    throw Fault.unsupported("has no table of all Unicode characters (cmap format 12)")
  }

  private static func ligatures(_ gsub: FontBytes) throws -> [Int: [(rest: [Int], glyph: Int)]] {
    var found: [Int: [(rest: [Int], glyph: Int)]] = [:]
    let lookups = try gsub.part(try gsub.u16(8))
    for index in 0..<(try lookups.u16(0)) {
      let lookup = try lookups.part(try lookups.u16(2 + 2 * index))
      for place in 0..<(try lookup.u16(4)) {
        var kind = try lookup.u16(0)
        var table = try lookup.part(try lookup.u16(6 + 2 * place))
        if kind == 7 {  // an offset of 32 bits to a table of another kind
          kind = try table.u16(2)
          table = try table.part(try table.u32(4))
        }
        guard kind == 4 else { continue }
        let firsts = try coverage(try table.part(try table.u16(2)))
        for set in 0..<min(try table.u16(4), firsts.count) {
          let ligatures = try table.part(try table.u16(6 + 2 * set))
          for number in 0..<(try ligatures.u16(0)) {
            let ligature = try ligatures.part(try ligatures.u16(2 + 2 * number))
            let rest = try (1..<max(1, try ligature.u16(2))).map { try ligature.u16(2 + 2 * $0) }
            found[firsts[set], default: []].append((rest, try ligature.u16(0)))
          }
        }
      }
    }
    return found
  }

  private static func coverage(_ table: FontBytes) throws -> [Int] {
    let count = try table.u16(2)
    if try table.u16(0) == 1 { return try (0..<count).map { try table.u16(4 + 2 * $0) } }
    var glyphs: [Int] = []
    for range in 0..<count {
      let (first, last) = (try table.u16(4 + 6 * range), try table.u16(6 + 6 * range))
      guard first <= last else { throw Fault.damaged("a range in it ends before it starts") }
      glyphs += first...last
    }
    return glyphs
  }
}

/// Where a font keeps the pictures of its glyphs.
struct EmojiBitmaps {
  private let data: FontBytes
  private let places: [Int: (offset: Int, count: Int, format: Int)]

  /// - Parameters:
  ///   - index: the table CBLC.
  ///   - data: the table CBDT.
  init(_ index: FontBytes, _ data: FontBytes) throws {
    self.data = data
    var places: [Int: (offset: Int, count: Int, format: Int)] = [:]
    // The largest size, if there are several.
    let count = try index.u32(4)
    guard count <= index.count / 48 else { throw Fault.damaged("it has fewer sizes of bitmaps than it says") }
    let strikes = try (0..<count).map { try index.part(8 + 48 * $0, 48) }
    guard let strike = try strikes.max(by: { try $0.u8(45) < $1.u8(45) }) else {
      throw Fault.unsupported("has no bitmaps")
    }
    let tables = try index.part(try strike.u32(0))
    for entry in 0..<(try strike.u32(8)) {
      let (first, last) = (try tables.u16(8 * entry), try tables.u16(8 * entry + 2))
      guard first <= last else { throw Fault.damaged("a range in it ends before it starts") }
      let table = try tables.part(try tables.u32(8 * entry + 4))
      let (kind, format, start) = (try table.u16(0), try table.u16(2), try table.u32(4))
      for glyph in first...last {
        let number = glyph - first
        let (from, to): (Int, Int)
        switch kind {
        case 1: (from, to) = (try table.u32(8 + 4 * number), try table.u32(12 + 4 * number))
        case 3: (from, to) = (try table.u16(8 + 2 * number), try table.u16(10 + 2 * number))
        case 2: (from, to) = (try table.u32(8) * number, try table.u32(8) * (number + 1))
        default: throw Fault.unsupported("keeps its bitmaps in index format \(kind), which is not read")
        }
        guard from <= to else { throw Fault.damaged("a bitmap in it ends before it starts") }
        if to > from { places[glyph] = (start + from, to - from, format) }
      }
    }
    self.places = places
  }

  /// The PNG file of a glyph, nil if it has none.
  func picture(_ glyph: Int) throws -> [UInt8]? {
    guard let place = places[glyph] else { return nil }
    let record = try data.part(place.offset, place.count)
    // Metrics come first: 5 bytes, 8 bytes, or none.
    let metrics: Int
    switch place.format {
    case 17: metrics = 5
    case 18: metrics = 8
    case 19: metrics = 0
    default: throw Fault.unsupported("keeps its bitmaps in format \(place.format), which is no PNG")
    }
    return try record.part(metrics + 4, try record.u32(metrics)).all
  }
}
