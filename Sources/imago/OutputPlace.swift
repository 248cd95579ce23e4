import ArgumentParser
import Foundation
import ModelFiles

/// Where a model is written, and whether as a file or a folder: told by its name.
struct OutputPlace {
  let url: URL
  let layout: PipelineFileLayout

  /// Endings of the one format that is written.
  private static let written = ["safetensors", "sft"]

  /// - Throws: `ValidationError` for a name that promises another format than is written.
  init(_ path: String, layout: PipelineFileLayout?) throws {
    url = URL(fileURLWithPath: path)
    let ending = url.pathExtension.lowercased()
    let (isWritten, isFolder) = (Self.written.contains(ending), path.hasSuffix("/"))
    guard !path.allSatisfy(\.isWhitespace) else {
      throw ValidationError("the output is empty: give FILE.safetensors or a folder")
    }
    switch layout {
    case .single:
      guard isWritten, !isFolder else {
        throw ValidationError("\(path): a single file is written as safetensors: let its name end in .safetensors")
      }
    case .folder:
      guard !isWritten || isFolder else {
        throw ValidationError("\(path): this is the name of a file, and --to folder writes a folder")
      }
    case nil:
      // A folder may be called mine-v1.5; an ending of letters, such as .ckpt, says that a file is meant.
      guard isFolder || isWritten || ending.first?.isLetter != true else {
        throw ValidationError(
          "\(path): .\(ending) is not written: let the name end in .safetensors for one file, or in / for a folder")
      }
    }
    self.layout = layout ?? (isWritten && !isFolder ? .single : .folder)
  }
}
