import Foundation

/// Tensors that torch 2.15 drew, from a folder of `Fixtures`.
struct TorchFixture {
  enum Tensor: Equatable {
    case floats([Float])
    case integers([Int])
  }

  let tensors: [String: Tensor]

  private struct Entry: Decodable {
    let dtype: String
    let offsets: [Int]

    private enum CodingKeys: String, CodingKey {
      case dtype
      case offsets = "data_offsets"
    }
  }

  /// - Parameter folder: the one whose `expected.safetensors` is read.
  init(_ folder: String = "torch_rng", file: String = #filePath) throws {
    let url = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(folder)/expected.safetensors")
    let bytes = [UInt8](try Data(contentsOf: url))
    let headerCount = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let header = Data(bytes[8..<(8 + headerCount)])
    let names = try JSONSerialization.jsonObject(with: header) as? [String: Any] ?? [:]
    var tensors: [String: Tensor] = [:]
    for (name, value) in names where name != "__metadata__" {
      let entry = try JSONDecoder().decode(
        Entry.self, from: JSONSerialization.data(withJSONObject: value))
      let data = Array(
        bytes[(8 + headerCount)...].dropFirst(entry.offsets[0])
          .prefix(entry.offsets[1] - entry.offsets[0]))
      tensors[name] = data.withUnsafeBytes { raw in
        entry.dtype == "I64"
          ? .integers(
            stride(from: 0, to: raw.count, by: 8).map {
              Int(raw.loadUnaligned(fromByteOffset: $0, as: Int64.self))
            })
          : .floats(
            stride(from: 0, to: raw.count, by: 4).map {
              raw.loadUnaligned(fromByteOffset: $0, as: Float.self)
            })
      }
    }
    self.tensors = tensors
  }
}

/// Whether each number is within the tolerance of its counterpart; NaN is not.
func isClose(_ a: [Float], _ b: [Float], tolerance: Float) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}
