import Foundation

/// The tensors of one model behind one name space: a single safetensors file, or several shards.
public struct ShardedCheckpoint: Sendable, CustomStringConvertible {
  /// The files, in the order of their names.
  public let files: [SafeTensorsFile]
  /// Path of the file or index, for messages.
  public let description: String
  private let fileByName: [String: Int]

  /// Opens one file.
  public init(file url: URL) throws(CheckpointError) {
    self.init([try SafeTensorsFile(url: url)], description: url.path)
  }

  /// Opens all shards of an index.
  public init(index url: URL) throws(CheckpointError) {
    self.init(try SafeTensorsIndex(url: url).openShards(), description: url.path)
  }

  /// Opens the weights in a model's folder, under the first of these names that is there:
  /// `X.safetensors`, its index, then the 16-bit variant `X.fp16.safetensors` and its index.
  /// - Parameter baseNames: the values of X to try, such as `diffusion_pytorch_model`.
  public init(directory: URL, baseNames: [String]) throws(CheckpointError) {
    func existing(_ name: String) -> URL? {
      let url = directory.appendingPathComponent(name)
      return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
    for name in baseNames {
      for variant in ["", ".fp16"] {
        if let url = existing("\(name)\(variant).safetensors") {
          try self.init(file: url)
          return
        }
        if let url = existing("\(name).safetensors.index\(variant).json") {
          try self.init(index: url)
          return
        }
      }
    }
    guard FileManager.default.fileExists(atPath: directory.path) else {
      throw .unreadable(path: directory.path, reason: "not found")
    }
    let tried = baseNames.map { "\($0).safetensors" }.joined(separator: " or ")
    let pickles = ["pytorch_model"] + baseNames
    if let pickle = pickles.map({ "\($0).bin" }).first(where: { existing($0) != nil }) {
      throw .unreadable(
        path: directory.path, reason: "has no \(tried), only \(pickle): convert it to safetensors")
    }
    throw .unreadable(path: directory.path, reason: "has no \(tried)")
  }

  /// Names must be unique among the files.
  private init(_ files: [SafeTensorsFile], description: String) {
    self.files = files
    self.description = description
    var fileByName: [String: Int] = [:]
    for (index, file) in files.enumerated() {
      for entry in file.entries { fileByName[entry.name] = index }
    }
    self.fileByName = fileByName
  }

  /// Names of all tensors, file by file in the order of their data.
  public var names: [String] { files.flatMap(\.names) }

  /// Metadata of all files together; where they differ, the first file's.
  public var metadata: [String: String] {
    files.reduce(into: [:]) { $0.merge($1.metadata) { first, _ in first } }
  }

  /// The tensor of that name, or nil.
  public func entry(_ name: String) -> SafeTensorsFile.Entry? {
    fileByName[name].flatMap { files[$0].entry(name) }
  }

  /// Bytes of a tensor and the file that keeps them alive, or nil if there is none of that name.
  public func bytes(of name: String) -> (bytes: UnsafeRawBufferPointer, owner: MappedFile)? {
    guard let index = fileByName[name], let entry = files[index].entry(name) else { return nil }
    return (files[index].bytes(of: entry), files[index].file)
  }
}
