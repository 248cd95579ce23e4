/// How values are stored, as numbered in parquet.thrift.
enum ParquetType: Int, Sendable {
  case boolean = 0
  case int32 = 1
  case int64 = 2
  case int96 = 3
  case float = 4
  case double = 5
  case byteArray = 6
  case fixedLengthByteArray = 7

  /// Bytes of one value; nil where it varies or is no whole byte.
  func width(fixedLength: Int) -> Int? {
    switch self {
    case .boolean, .byteArray: nil
    case .int32, .float: 4
    case .int64, .double: 8
    case .int96: 12
    case .fixedLengthByteArray: fixedLength
    }
  }
}

/// A column of values: a leaf of the schema's tree.
package struct ParquetColumn: Sendable, Equatable {
  /// Names from the root to the leaf.
  let path: [String]
  let type: ParquetType
  /// Bytes of a value of fixed length.
  let fixedLength: Int
  /// The level at which a value is there; less is a null somewhere on the path.
  let maxDefinition: Int
  /// 0 where there is at most one value a row.
  package let maxRepetition: Int
  /// Whether bytes are text by the schema's word.
  let isText: Bool
  /// Whether integers are days since 1970.
  let isDate: Bool

  /// The path with dots.
  package var name: String { path.joined(separator: ".") }
}

/// The columns of a Parquet file.
enum ParquetSchema {
  /// One entry of the tree as the footer lists it, parents first.
  struct Element {
    var name = ""
    var type: Int?
    var fixedLength = 0
    /// 0 required, 1 optional, 2 repeated.
    var repetition = 0
    var children = 0
    var converted: Int?

    init(_ reader: inout ThriftReader) throws {
      var element = (name: "", type: Int?.none, length: 0, repetition: 0, children: 0, converted: Int?.none)
      var isString = false
      try reader.structure { reader, id, kind in
        switch (id, kind) {
        case (1, .i32): element.type = try reader.integer()
        case (2, .i32): element.length = try reader.integer()
        case (3, .i32): element.repetition = try reader.integer()
        case (4, .binary): element.name = try reader.text()
        case (5, .i32): element.children = try reader.integer()
        case (6, .i32): element.converted = try reader.integer()
        // A union of logical types, whose first member is the string.
        case (10, .structure):
          try reader.structure { _, id, _ in
            isString = isString || id == 1
            return false
          }
        default: return false
        }
        return true
      }
      name = element.name
      type = element.type
      fixedLength = element.length
      repetition = element.repetition
      children = element.children
      converted = isString ? Self.utf8 : element.converted
    }

    /// ConvertedType's numbers.
    static let (utf8, enumeration, date, json) = (0, 4, 6, 19)
  }

  /// Finds the leaves of the tree.
  static func columns(_ elements: [Element]) throws -> [ParquetColumn] {
    guard let root = elements.first else { throw Fault.damaged("it has no schema") }
    var columns: [ParquetColumn] = []
    var position = 1
    // Open groups: their path, levels, and how many children are still to come.
    var open = [(path: [String](), definition: 0, repetition: 0, left: root.children)]
    while let group = open.last {
      if group.left == 0 {
        open.removeLast()
        continue
      }
      guard position < elements.count, group.left > 0, open.count < 64 else {
        throw Fault.damaged("its schema's tree is not closed")
      }
      open[open.count - 1].left -= 1
      let element = elements[position]
      position += 1
      let path = group.path + [element.name]
      let definition = group.definition + (element.repetition == 0 ? 0 : 1)
      let repetition = group.repetition + (element.repetition == 2 ? 1 : 0)
      guard let type = element.type else {
        open.append((path, definition, repetition, element.children))
        continue
      }
      guard let type = ParquetType(rawValue: type), (0...(1 << 20)).contains(element.fixedLength) else {
        throw Fault.damaged("column \(path.joined(separator: ".")) has an unknown type")
      }
      let texts = [Element.utf8, Element.enumeration, Element.json]
      columns.append(
        ParquetColumn(
          path: path, type: type, fixedLength: element.fixedLength, maxDefinition: definition,
          maxRepetition: repetition, isText: element.converted.map(texts.contains) ?? false,
          isDate: type == .int32 && element.converted == Element.date))
    }
    guard position == elements.count, !columns.isEmpty else { throw Fault.damaged("its schema's tree is not closed") }
    return columns
  }
}
