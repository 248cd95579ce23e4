import Foundation
import PromptLanguage

/// A file of jobs, one a line, in the dialects of AUTOMATIC1111's "prompts from file" and of kohya's scripts.
public struct PromptFile: Sendable {
  /// A job and the line it stands on, counted from 1.
  public struct Line: Sendable, Equatable {
    public let number: Int
    public let job: PictureJob
  }

  public let path: String
  public private(set) var lines: [Line] = []
  /// What is wrong with the lines that are no jobs.
  public private(set) var errors: [JobError] = []

  /// Reads a file.
  /// - Throws: `unreadable`; bad lines do not throw.
  public init(_ url: URL) throws(JobError) {
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    guard let attributes, let size = attributes[.size] as? Int else {
      throw .unreadable(path: url.path, reason: "there is no such prompt file")
    }
    guard size <= 64 << 20 else {
      throw .unreadable(path: url.path, reason: "has \(size) bytes; prompt files of up to 64 MiB are read")
    }
    guard let data = try? Data(contentsOf: url), let text = String(data: data, encoding: .utf8) else {
      throw .unreadable(path: url.path, reason: "cannot be read as UTF-8 text")
    }
    self.init(text: text, path: url.path)
  }

  /// - Parameter path: for messages.
  public init(text: String, path: String) {
    self.path = path
    // As a code point: comparing characters takes time by the square of their marks.
    let text = text.unicodeScalars.first == "\u{FEFF}" ? Substring(text.unicodeScalars.dropFirst()) : text[...]
    for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      guard PromptLimits.tooManyMarks(raw) == nil else {
        let reason = "has more than \(PromptLimits.marks) combining marks in a row"
        errors.append(.badLine(path: path, line: index + 1, reason: reason))
        continue
      }
      let line = raw.trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      do throws(PromptLineError) {
        lines += try PromptLineParser.jobs(line).map { Line(number: index + 1, job: $0) }
      } catch {
        errors.append(.badLine(path: path, line: index + 1, reason: error.reason))
      }
    }
  }
}
