using Gatehouse.Tests.Harness;

namespace Gatehouse.Expressions.Tests.Conformance;

/// <summary>
/// The 2,344 conformance cases of npm @bufbuild/cel-spec 0.6.1 (cel-spec v0.25.1). Excluded are those about protobuf, which
/// <see cref="CorpusCase.ProtobufType"/> tells by the types that they name; corpus/excluded.txt lists them with that type. Every other case
/// must pass. The numbers are pinned for every section.
/// </summary>
public sealed class ConformanceTests
{
    private const int Total = 2344;

    private static readonly (string Section, int Passed, int AboutProtobuf)[] Sections =
    [
        ("basic", 43, 0),
        ("bindings_ext", 5, 0),
        ("block_ext", 25, 12),
        ("comparisons", 334, 72),
        ("conversions", 109, 0),
        ("dynamic", 0, 226),
        ("encoders_ext", 4, 0),
        ("enums", 0, 85),
        ("fields", 60, 0),
        ("fp_math", 30, 0),
        ("integer_math", 64, 0),
        ("lists", 39, 0),
        ("logic", 30, 0),
        ("macros", 44, 0),
        ("macros2", 46, 0),
        ("math_ext", 199, 0),
        ("namespace", 3, 0),
        ("optionals", 59, 11),
        ("parse", 193, 26),
        ("plumbing", 5, 0),
        ("proto2", 0, 108),
        ("proto2_ext", 0, 18),
        ("proto3", 0, 75),
        ("string", 51, 0),
        ("string_ext", 206, 3),
        ("timestamps", 76, 0),
        ("type_deductions", 26, 21),
        ("wrappers", 0, 36),
    ];

    [Fact]
    public void Every_case_that_is_not_about_protobuf_passes()
    {
        var failures = new List<string>();
        var counts = new SortedDictionary<string, (int Passed, int AboutProtobuf)>(StringComparer.Ordinal);
        var cases = CorpusCase.Of(CorpusCase.Conformance);
        foreach (var test in cases)
        {
            var section = test.Section.Split('/')[0];
            var (passed, aboutProtobuf) = counts.GetValueOrDefault(section);
            if (test.ProtobufType is not null)
            {
                counts[section] = (passed, aboutProtobuf + 1);
            }
            else if (CorpusRun.Run(test) is { } problem)
            {
                failures.Add($"{test.Name}: {test.Source} {problem}");
            }
            else
            {
                counts[section] = (passed + 1, aboutProtobuf);
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures.Prepend($"{failures.Count} cases fail:")));
        Assert.Equal(Total, cases.Count);
        Assert.Equal(Total, Sections.Sum(s => s.Passed + s.AboutProtobuf));
        Assert.Equal(Sections, counts.Select(c => (c.Key, c.Value.Passed, c.Value.AboutProtobuf)));
    }

    [Fact]
    public void The_list_of_excluded_cases_is_true()
    {
        var excluded = CorpusCase.Of(CorpusCase.Conformance)
            .Where(test => test.ProtobufType is not null)
            .Select(test => $"{test.Name}: {test.ProtobufType}");

        var list = Path.Combine(Repository.Root, "tests", "Gatehouse.Expressions.Tests", "corpus", "excluded.txt");

        Assert.Equal(File.ReadAllLines(list).Where(line => !line.StartsWith('#')).ToArray(), excluded.ToArray());
    }
}
