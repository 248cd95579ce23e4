/// Makes the JSON header of a safetensors file.
enum HeaderWriter {
  /// The header for tensors in this order, padded with spaces so that the data, after 8 bytes of
  /// length and the header, starts at a multiple of 8 bytes. Equal arguments give equal bytes.
  /// - Parameter byteCounts: size of each tensor's data.
  static func header(
    _ entries: [SafeTensorsWriter.Declaration], byteCounts: [Int], metadata: [String: String]
  ) -> [UInt8] {
    var parts: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }
        .map { "\(quoted($0.key)):\(quoted($0.value))" }
      parts.append("\(quoted(HeaderParser.metadataKey)):{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (entry, bytes) in zip(entries, byteCounts) {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(offset + bytes)]}")
      offset += bytes
    }
    var header = Array("{\(parts.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    return header
  }

  /// The text as a JSON string.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case _ where scalar.value < 0x20:
        out += (scalar.value < 0x10 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
