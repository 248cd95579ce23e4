import SafeTensors
import TensorCore

/// A tensor as its file has it: element type, shape, and bytes that somebody keeps alive.
public struct RawTensor: Sendable {
  public let type: ElementType
  /// Outermost dimension first; empty for a scalar.
  public let shape: [Int]
  // Read-only memory that `owner` keeps alive.
  private nonisolated(unsafe) let pointer: UnsafeRawPointer
  let owner: any Sendable

  /// - Parameters:
  ///   - pointer: as many bytes as type and shape ask for; it need not be aligned.
  ///   - owner: keeps the bytes alive and unchanged.
  init(type: ElementType, shape: [Int], pointer: UnsafeRawPointer, owner: any Sendable) {
    self.type = type
    self.shape = shape
    self.pointer = pointer
    self.owner = owner
  }

  /// Bytes of its own.
  init(type: ElementType, shape: [Int], buffer: ByteBuffer) {
    self.init(type: type, shape: shape, pointer: UnsafeRawPointer(buffer.pointer), owner: buffer)
  }

  /// The tensor's elements, as the engine's own type.
  public init(_ tensor: Tensor) {
    let buffer = ByteBuffer(count: tensor.count * tensor.dtype.byteSize)
    tensor.withBytes { buffer.mutableBytes.copyMemory(from: $0) }
    self.init(type: tensor.dtype.elementType, shape: tensor.shape, buffer: buffer)
  }

  /// Number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// Calls `body` with the bytes and keeps them alive meanwhile.
  public func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeRawBufferPointer(start: pointer, count: count * type.byteSize))
  }

  /// The same bytes under another shape of as many elements.
  public func reshaped(_ shape: [Int]) -> RawTensor {
    precondition(shape.reduce(1, *) == count, "\(self.shape) cannot take the shape \(shape)")
    return RawTensor(type: type, shape: shape, pointer: pointer, owner: owner)
  }

  /// Some rows: part of the first axis, without a copy.
  public func rows(_ range: Range<Int>) -> RawTensor {
    precondition(
      !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "rows \(range) of a tensor \(shape)")
    let row = shape.dropFirst().reduce(1, *) * type.byteSize
    return RawTensor(
      type: type, shape: [range.count] + shape.dropFirst(), pointer: pointer + range.lowerBound * row,
      owner: owner)
  }

  /// A matrix with rows and columns exchanged, as a copy.
  public func transposed() -> RawTensor {
    precondition(shape.count == 2, "transposed: a tensor \(shape) is no matrix")
    let (rows, columns, size) = (shape[0], shape[1], type.byteSize)
    let buffer = ByteBuffer(count: rows * columns * size)
    withBytes { source in
      for row in 0..<rows {
        for column in 0..<columns {
          for byte in 0..<size {
            buffer.mutableBytes[(column * rows + row) * size + byte] =
              source[(row * columns + column) * size + byte]
          }
        }
      }
    }
    return RawTensor(type: type, shape: [columns, rows], buffer: buffer)
  }

  /// Tensors of one type and row shape, one below the other; nil if they differ in that.
  public static func stacked(_ parts: [RawTensor]) -> RawTensor? {
    guard let first = parts.first, !first.shape.isEmpty,
      parts.allSatisfy({ $0.type == first.type && $0.shape.dropFirst() == first.shape.dropFirst() })
    else { return nil }
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    let shape = [rows] + first.shape.dropFirst()
    let buffer = ByteBuffer(count: shape.reduce(1, *) * first.type.byteSize)
    var offset = 0
    for part in parts {
      part.withBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[offset...]).copyMemory(from: bytes)
        offset += bytes.count
      }
    }
    return RawTensor(type: first.type, shape: shape, buffer: buffer)
  }
}

/// Bytes on the heap, filled once by whoever made them and only read afterwards.
///
/// That order of writing and reading is what makes the unchecked conformance sound.
final class ByteBuffer: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  let count: Int

  init(count: Int) {
    self.count = count
    // An empty tensor still needs an address.
    pointer = .allocate(byteCount: max(count, 1), alignment: 64)
  }

  deinit { pointer.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: count) }

  /// For the maker only.
  var mutableBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: pointer, count: count)
  }
}
