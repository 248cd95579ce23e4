import Foundation
import SafeTensors

/// The formats of weight files, told apart by their first bytes.
public enum FileFormat: String, Sendable, CaseIterable {
  case safetensors
  /// A zip archive, as `torch.save` writes since torch 1.6.
  case torchZip = "torch zip"
  /// A stream of pickles and storages, as `torch.save` wrote before.
  case torchStream = "torch stream"
  case gguf = "GGUF"

  /// What a file is, by content.
  /// - Throws: `CheckpointError` for files that cannot be read and for those that are none of these formats.
  public static func detect(_ url: URL) throws(CheckpointError) -> FileFormat {
    let file = try MappedFile(path: url.path)
    return try detect(file.bytes, path: file.path)
  }

  static func detect(_ bytes: UnsafeRawBufferPointer, path: String) throws(CheckpointError) -> FileFormat {
    // A sensible length followed by a brace wins over every signature: a header of 640 bytes starts like a pickle.
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 }) {
      return .safetensors
    }
    if bytes.starts(with: "PK".utf8) { return .torchZip }
    if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return .torchStream }
    if bytes.starts(with: "GGUF".utf8) { return .gguf }
    if let what = impostor(bytes) { throw .notACheckpoint(path: path, what: what) }
    // Damaged or none at all: the safetensors reader says what is wrong with it.
    return .safetensors
  }

  /// Opens a file of this format.
  func open(_ url: URL) throws(CheckpointError) -> any TensorContainer {
    switch self {
    case .safetensors: SafeTensorsContainer(file: try SafeTensorsFile(url: url))
    case .torchZip, .torchStream: try TorchFile(url: url)
    case .gguf: try GGUFFile(url: url)
    }
  }

  /// What people take for checkpoints.
  private static func impostor(_ bytes: UnsafeRawBufferPointer) -> String? {
    func starts(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
    if starts("version https://git-lfs") {
      return "a git-LFS pointer and not the file itself: fetch it (git lfs pull)"
    }
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) { return "a PNG picture" }
    if bytes.starts(with: [0xff, 0xd8, 0xff]) { return "a JPEG picture" }
    if bytes.starts(with: [0x1f, 0x8b]) { return "a gzip archive: unpack it first" }
    if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) { return "an HDF5 file, as Keras writes" }
    if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
      return "a tar archive, as torch before 0.2 wrote: save it again with a newer torch"
    }
    if starts("<") { return "a web page: the download failed" }
    if starts("{") || starts("[") { return "JSON text" }
    if isTextPickle(bytes) { return "a Python pickle in text form, which may run code: do not open it" }
    let isText = bytes.prefix(256).allSatisfy { (0x20...0x7e).contains($0) || (9...13).contains($0) }
    return isText ? "a text file" : nil
  }

  /// Protocol 0 has no signature; a program in it starts with a global: "cos\nsystem\n".
  private static func isTextPickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, first == UInt8(ascii: "c") || first == UInt8(ascii: "(") else { return false }
    let lines = bytes.prefix(256).split(separator: 0x0a, maxSplits: 2, omittingEmptySubsequences: false)
    return lines.count == 3
      && lines[0].dropFirst().allSatisfy { (0x21...0x7e).contains($0) }
      && lines[1].allSatisfy { (0x21...0x7e).contains($0) } && bytes.contains(UInt8(ascii: "."))
  }
}
