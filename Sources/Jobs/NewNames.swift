import Foundation

/// Names for the pictures of a run, none of which takes another picture's place.
///
/// Where names are numbered they go on from what is there, else a number is added. The name of one file that a person gave is
/// kept: giving it again means to replace the file.
public struct NewNames: Sendable {
  public let naming: OutputNaming
  /// Added to the pictures' own numbers.
  private var offset: Int
  private var given: Set<String> = []
  /// Whether another process took a name, so that all later numbers are others than planned.
  public private(set) var hasMoved = false

  /// - Parameters:
  ///   - seed, prompt: the first picture's.
  public init(_ naming: OutputNaming, seed: UInt64, prompt: String) {
    self.naming = naming
    offset = naming.lastNumber(seed: seed, prompt: prompt)
  }

  /// Whether a file that has the name already is replaced.
  public var replaces: Bool { naming.isOneFile }

  /// The file of a picture.
  /// - Parameter index: its number in the run, from 0.
  public mutating func url(index: Int, seed: UInt64, prompt: String) -> URL {
    let wanted = naming.url(index: index + offset, seed: seed, prompt: prompt)
    if replaces { return wanted }
    // Another process may have written since the numbers were looked at.
    let isTaken = naming.isNumbered && FileManager.default.fileExists(atPath: wanted.path)
    return isTaken ? another(index: index, seed: seed, prompt: prompt) : free(wanted)
  }

  /// Another name for a picture whose name was taken by another process meanwhile.
  public mutating func another(index: Int, seed: UInt64, prompt: String) -> URL {
    hasMoved = true
    offset = max(offset, naming.lastNumber(seed: seed, prompt: prompt) - index)
    return free(naming.url(index: index + offset, seed: seed, prompt: prompt))
  }

  private mutating func free(_ wanted: URL) -> URL {
    let url = Self.free(wanted) { !given.contains($0.path) }
    given.insert(url.path)
    return url
  }

  /// A name, or the first one with a number added, that no file has.
  /// - Parameter isFree: what else it must be.
  public static func free(_ wanted: URL, where isFree: (URL) -> Bool = { _ in true }) -> URL {
    var (url, number) = (wanted, 1)
    // Dangling links are names too.
    while !isFree(url) || (try? FileManager.default.attributesOfItem(atPath: url.path)) != nil {
      number += 1
      url = FileName.numbered(wanted, number)
    }
    return url
  }
}
