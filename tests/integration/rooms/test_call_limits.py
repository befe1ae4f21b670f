"""How many call-back mails there are: two of a consultation whatever is toggled, three to an address in an hour."""

from rooms.callback import ADDRESS_CALLS, ADDRESS_S
from tests.integration.rooms.conftest import NODE, Node
from tests.integration.rooms.test_entrance import MAIL, away, letters, with_mail


async def test_a_wish_set_anew_gives_no_more_calls(node: Node) -> None:
    await node.patient("whom the doctor is offered")
    await node.doctor()
    grant = await with_mail(node)
    for _ in range(4):
        await node.doctor()  # at work, whatever offers ran out
        await node.rooms.entrance.set_callback(grant.seat, False, None)
        await node.rooms.entrance.set_callback(grant.seat, True, None)
        await away(node, grant)
        await node.rooms.seat_connected(grant.seat, NODE)
        node.clock.at += 1  # who leaves at the moment of the call has not left anew
    assert len(await letters(node)) == 2


async def test_one_address_is_called_three_times_in_an_hour_whoever_names_it(node: Node) -> None:
    await node.patient("whom the doctor is offered")
    await node.doctor()
    grants = []
    for number in range(ADDRESS_CALLS + 2):
        await node.doctor()
        grant = await with_mail(node)
        grants.append(grant)
        spelt = MAIL.upper() if number % 2 else MAIL
        await node.rooms.entrance.set_callback(grant.seat, True, spelt)
        await away(node, grant)
        await node.rooms.entrance.set_callback(grant.seat, True, f"other{number}@mail.example")  # hides whom it called
    assert len(await letters(node)) == ADDRESS_CALLS
    assert "patient_not_called" in await node.audit(grants[-1].consultation)
    node.clock.at += ADDRESS_S
    await node.doctor()
    grant = await with_mail(node)
    await node.rooms.entrance.set_callback(grant.seat, True, None)
    await away(node, grant)
    assert len(await letters(node)) == ADDRESS_CALLS + 1
