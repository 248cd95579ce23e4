import Foundation
import Server
import Testing

/// Bodies of `multipart/form-data`.
@Suite struct MultipartFormTests {
  private let type = "multipart/form-data; boundary=\"x y\""

  private func form(_ lines: [String]) throws -> MultipartForm {
    try MultipartForm(Data(lines.joined(separator: "\r\n").utf8), type: type)
  }

  @Test func textsAndFiles() throws {
    let form = try form([
      "--x y", "Content-Disposition: form-data; name=\"prompt\"", "", "a cat", "with two lines", "--x y",
      "Content-Disposition: form-data; name=image; filename=\"p.png\"", "Content-Type: image/png", "", "--x z",
      "--x y--",
      "",
    ])
    #expect(form.texts == ["prompt": "a cat\r\nwith two lines"])
    #expect(form.files == ["image": [Data("--x z".utf8)]])
  }

  @Test(arguments: [
    [""], ["--x y"], ["--x y", "Content-Disposition: form-data; name=\"a\"", "", "b"],
    ["--x y", "Content-Disposition: form-data", "", "b", "--x y--"], ["--x y", "no header", "--x y--"],
  ])
  func damaged(lines: [String]) { #expect(throws: APIError.self) { try form(lines) } }

  @Test func otherTypes() {
    #expect(throws: APIError.self) { try MultipartForm(Data(), type: "application/json") }
    #expect(throws: APIError.self) { try MultipartForm(Data(), type: "multipart/form-data") }
  }
}
