import Files
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

  /// What `--prompts` calls standard input.
  public static let standardInput = "-"
  private static let limit = 64 << 20

  /// Reads a file, or standard input for `-`.
  /// - Throws: `unreadable`; bad lines do not throw.
  public init(_ path: String) throws(JobError) {
    do {
      if path == Self.standardInput {
        self.init(try TextFile(standardInputNamed: "standard input", limit: Self.limit))
      } else {
        self.init(try TextFile(URL(fileURLWithPath: path), limit: Self.limit))
      }
    } catch {
      throw .unreadable(path: error.path, reason: error.reason)
    }
  }

  /// - Parameter path: for messages.
  public init(text: String, path: String) { self.init(TextFile(text: text, path: path)) }

  private init(_ file: TextFile) {
    path = file.path
    for line in file.lines {
      if let problem = line.problem {
        errors.append(.badLine(path: path, line: line.number, reason: "\(problem), so the line is left out"))
        continue
      }
      // Words may hold line breaks of other kinds, each of which ends a job.
      for part in line.text.split(whereSeparator: \.isNewline) { read(part, number: line.number) }
    }
  }

  private mutating func read(_ text: Substring, number: Int) {
    guard PromptLimits.tooManyMarks(text) == nil else {
      let reason = "has more than \(PromptLimits.marks) combining marks in a row"
      errors.append(.badLine(path: path, line: number, reason: reason))
      return
    }
    let line = text.trimmingCharacters(in: .whitespaces)
    guard !line.isEmpty, !line.hasPrefix("#") else { return }
    do throws(PromptLineError) {
      lines += try PromptLineParser.jobs(line).map { Line(number: number, job: $0) }
    } catch {
      errors.append(.badLine(path: path, line: number, reason: error.reason))
    }
  }
}
