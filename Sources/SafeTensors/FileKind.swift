/// Recognises what people take for safetensors files, by content.
enum FileKind {
  /// What a file that starts with these bytes is, or nil if it may be a safetensors file.
  ///
  /// The first bytes of a safetensors file are a length, and a length can look like another
  /// format's signature: a header of 640 bytes starts like a pickle. So a sensible length followed
  /// by a brace wins over every signature.
  static func impostor(_ bytes: UnsafeRawBufferPointer, headerLimit: Int) -> String? {
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 }) {
      return nil
    }
    func starts(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
    if starts("version https://git-lfs") {
      return "it is a git-LFS pointer: fetch the real file (git lfs pull)"
    }
    if starts("PK\u{3}\u{4}") {
      return "it is a zip archive, as torch.save writes: convert it to safetensors"
    }
    // Protocols 2 to 5 of Python's pickle.
    if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      return "it is a Python pickle, which may run code: convert it to safetensors"
    }
    if starts("GGUF") { return "it is a GGUF file" }
    if starts("<") { return "it is a web page: the download failed" }
    if starts("{") { return "it is JSON text" }
    guard bytes.count >= 8 else { return "it is only \(bytes.count) bytes long" }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(headerLimit) else {
      return "its header would be \(length) bytes long"
    }
    return nil
  }
}
