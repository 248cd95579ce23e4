import Conditioning
import Foundation
import PromptLanguage

/// An explanation of a prompt as a person reads it.
struct ExplanationText {
  private(set) var lines: [String] = []

  init(_ explanation: PromptExplanation) {
    for problem in explanation.problems { lines.append("note: \(problem)") }
    if !explanation.leftOut.isEmpty {
      lines.append("left out, as this model never learnt the words: \(explanation.leftOut.joined(separator: ", "))")
    }
    if !explanation.exchanged.isEmpty {
      let words = explanation.exchanged.map(\.description).joined(separator: ", ")
      lines.append("read as words this model has learnt: \(words)")
    }
    for tag in explanation.tags { lines.append(Self.line(tag)) }
    for (index, part) in explanation.parts.enumerated() {
      if explanation.parts.count > 1 || part.weight != 1 {
        lines.append("part \(index + 1) of \(explanation.parts.count), weight \(Self.number(part.weight))")
      }
      lines += PromptExplanation.Turns.groups(part.stretches).map { Self.line($0, steps: explanation.steps) }
    }
    for text in explanation.texts { lines += [""] + Self.table(text, explanation) }
  }

  private static func line(_ tag: PromptExplanation.Tag) -> String {
    guard let name = tag.name, let text = tag.textWeight, let unet = tag.unetWeight else {
      return PromptTag.adapterKinds.contains(tag.kind) ? "\(tag.tag): refused by txt2img" : "\(tag.tag): left out"
    }
    return "adapter \(name): U-Net \(number(unet)), text encoder \(number(text))"
  }

  private static func line(_ group: PromptExplanation.Turns, steps: Int) -> String {
    let range =
      group.firstStep == group.lastStep
      ? "step \(group.firstStep)" : "steps \(group.firstStep)–\(group.lastStep)"
    let isAll = group.firstStep == 1 && group.lastStep == steps
    return pad(isAll ? "all \(steps) steps" : range, 14) + (group.texts.count > 1 ? "in turn: " : "")
      + group.texts.map(shown).joined(separator: " | ")
  }

  /// A line for each token.
  private static func table(_ text: PromptExplanation.Tokens, _ explanation: PromptExplanation) -> [String] {
    let used = text.tokenCount == 1 ? "1 token" : "\(text.tokenCount) tokens"
    var lines = [
      "\"\(shown(text.text))\": \(used) in \(text.chunks.count == 1 ? "1 chunk" : "\(text.chunks.count) chunks")"
    ]
    for (index, chunk) in text.chunks.enumerated() {
      lines.append("  chunk \(index + 1): \(chunk.count) of \(explanation.chunkSize)")
      for (position, token) in chunk.enumerated() {
        let id = token.embedding == nil ? "\(token.id)" : "vector"
        lines.append(
          "    " + pad("\(position + 1)", 4) + pad(id, 8) + pad(shown(token.token), 24)
            + (token.weight == 1 ? "" : "× \(number(token.weight))"))
      }
    }
    return lines.map { String($0.trimmingSuffix(while: \.isWhitespace)) }
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 1))
  }

  private static func number(_ value: Float) -> String {
    let text = String(format: "%.4f", value)
    let short = text.trimmingSuffix { $0 == "0" }
    return String(short.hasSuffix(".") ? short.dropLast() : short)
  }

  /// On one line, without what would move the cursor.
  private static func shown(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}

extension StringProtocol {
  /// Without the characters at its end that meet a condition.
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> SubSequence {
    guard let last = lastIndex(where: { !condition($0) }) else { return self[..<startIndex] }
    return self[...last]
  }
}
