using System.Buffers;
using System.Text;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiObjectReferencesTests
{
    [Theory]
    [InlineData("{}", "")]
    [InlineData("""{"input_file_id":"a"}""", "input_file_id=a")]
    [InlineData("""{"file_ids":["a","b",{"file_id":"no"},5]}""", "file_ids=a file_ids=b")]
    [InlineData("""{"files":[{"file_id":"a"},{"x":{"file_id":"b"}}]}""", "file_id=a file_id=b")]
    [InlineData("""{"training_file":"a","validation_file":"b","training_file":"c"}""", "training_file=a validation_file=b training_file=c")]
    [InlineData("""{"tools":[{"vector_store_ids":["a"]}],"vector_store_id":"b"}""", "vector_store_ids=a vector_store_id=b")]
    [InlineData("""{"metadata":{"file_id":"a"},"attributes":{"file_id":"b"},"file_id":"c"}""", "file_id=c")]
    [InlineData("""{"previous_response_id":"a","conversation":"b"}""", "previous_response_id=a conversation=b")]
    [InlineData("""{"conversation":{"x":{"id":"no"},"id":"a"}}""", "conversation=a")]
    [InlineData("""{"input":{"previous_response_id":"a","conversation":"b"}}""", "")]
    [InlineData("""{"FILE_ID":"a","fil\u0065_id":"b\u0063"}""", "file_id=a file_id=bc")]
    [InlineData("""{"parameters":{"properties":{"file_id":{"type":"string"}},"required":["file_id"]}}""", "")]
    [InlineData("""{"file_id":null,"file_ids":7}""", "")]
    [InlineData("""{"file_id":"a","x":""", "file_id=a")]
    [InlineData("""{"\ud800":1,"file_id":"\ud800"}""", "")]
    [InlineData("""{"file_id":"\ud800","file_ids":["\udc00","a"],"x":{"file_id":"b"}}""", "file_ids=a file_id=b")]
    [InlineData("""{"tools":[{"type":"code_interpreter","container":"a"},{"container":{"type":"auto","file_ids":["b"]}}],"container_id":"c"}""", "container=a file_ids=b container_id=c")]
    [InlineData("[[", "")]
    public void All_ids_are_found_that_a_server_could_read(string json, string expected) => Assert.Equal(
        expected, string.Join(' ', OpenAiObjectReferences.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json))).Select(found => $"{found.Field}={found.Id}")));

    [Theory]
    [InlineData("""{"messages":[{"content":[{"type":"file","file":{"file_id":"a"}}]}]}""", true)]
    [InlineData("""{"messages":[{"content":[{"type":"file","file":{"\u0066ile_id":"a"}}]}]}""", true)]
    [InlineData("""{"messages":[{"content":"file"}]}""", false)]
    public void A_text_that_may_name_files_is_told_from_most_that_do_not(string json, bool expected)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.Equal(expected, OpenAiObjectReferences.MayHaveFiles(new ReadOnlySequence<byte>(bytes)));
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(expected, OpenAiObjectReferences.MayHaveFiles(Cuts.Sequence(bytes, [Math.Max(1, cut), int.MaxValue])));
        }
    }
}
