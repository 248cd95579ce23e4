import CZlib
import CZstd

/// How a page's bytes are compressed, as numbered in parquet.thrift.
enum ParquetCodec: Int, Sendable {
  case uncompressed = 0
  case snappy = 1
  case gzip = 2
  case zstd = 6

  /// A codec by its number; others are refused by name.
  init(number: Int) throws {
    let others = [3: "LZO", 4: "BROTLI", 5: "LZ4", 7: "LZ4_RAW"]
    guard let codec = Self(rawValue: number) else {
      throw Fault.unsupported(
        "Parquet pages compressed with \(others[number] ?? "codec \(number)"), which is not read; "
          + "write the file with snappy, zstd, gzip or no compression")
    }
    self = codec
  }

  /// Most bytes of a page: what a page of pictures can need, and what a damaged header may ask for.
  private static let most = 1 << 30

  /// Unpacks bytes into exactly `size`.
  ///
  /// Memory is taken only as far as the packed bytes can fill it.
  func unpack(_ bytes: ArraySlice<UInt8>, size: Int) throws -> [UInt8] {
    guard size <= Self.most else {
      throw Fault.unsupported("a Parquet page of \(size) bytes, more than \(Self.most); write it with smaller pages")
    }
    func bounded(ratio: Int) throws {
      guard size / ratio <= bytes.count else {
        throw Fault.damaged("\(bytes.count) packed bytes cannot hold a page of \(size)")
      }
    }
    switch self {
    case .uncompressed:
      guard bytes.count == size else { throw Fault.damaged("a page holds \(bytes.count) of \(size) bytes") }
      return Array(bytes)
    case .snappy:
      // A copy of 64 bytes takes 3.
      try bounded(ratio: 22)
      return try SnappyDecoder.decode(bytes, size: size)
    case .gzip:
      try bounded(ratio: 1032)
      return try decode(bytes, size: size) { iz_gunzip($0, $1, $2, $3) }
    case .zstd:
      // A block of 128 KiB of one byte takes 4.
      try bounded(ratio: 1 << 15)
      return try decode(bytes, size: size) { izstd_decompress($0, $1, $2, $3) }
    }
  }

  private func decode(
    _ bytes: ArraySlice<UInt8>, size: Int,
    _ call: (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?, Int) -> Int32
  ) throws -> [UInt8] {
    var status: Int32 = 0
    // Never empty, so that there is an address.
    let out = [UInt8](unsafeUninitializedCapacity: max(size, 1)) { out, initialized in
      bytes.withUnsafeBufferPointer { status = call($0.baseAddress, $0.count, out.baseAddress, size) }
      initialized = status == 1 ? size : 0
    }
    if status < 0 { throw Fault.unsupported("its pages are compressed with Zstandard; install libzstd1") }
    guard status == 1 else { throw Fault.damaged("its compressed data is garbled") }
    return out
  }
}
